"""Engine contract: closing, and the little that is left."""
# ruff: noqa: S101 - a test asserts, compares with plain numbers, and raises inside of blocks

from collections.abc import Callable

import pytest

from xetrack.errors import ClosedError
from xetrack.plugin import Engine, Run
from xetrack_testing.base import Base
from xetrack_testing.rows import TABLE, make_row

__all__ = ["FailuresContract"]


def _in_transaction(engine: Engine) -> None:
    with engine.transaction():
        pass


_USES: dict[str, Callable[[Engine], object]] = {
    "append": lambda engine: engine.append(TABLE, [make_row(1)]),
    "columns": lambda engine: engine.columns(TABLE),
    "conn": lambda engine: engine.conn,
    "count": lambda engine: engine.count(TABLE),
    "delete": lambda engine: engine.delete(TABLE, "run-1"),
    "drop": lambda engine: engine.drop(TABLE),
    "finish_run": lambda engine: engine.finish_run(Run("run-1", TABLE)),
    "has_assets": lambda engine: engine.has_assets(),
    "latest_run": lambda engine: engine.latest_run(TABLE),
    "merge": lambda engine: engine.merge(TABLE, [make_row(1)]),
    "read": lambda engine: engine.read(TABLE),
    "runs": lambda engine: engine.runs(TABLE),
    "save_run": lambda engine: engine.save_run(Run("run-1", TABLE)),
    "scan": lambda engine: list(engine.scan(TABLE)),
    "tables": lambda engine: engine.tables(),
    "transaction": _in_transaction,
    "update": lambda engine: engine.update(TABLE, "x", 1),
}


class FailuresContract(Base):
    """What an engine does when it cannot."""

    def test_it_has_the_methods_of_an_engine(self, engine: Engine) -> None:
        """The protocol can be checked at run time."""
        assert isinstance(engine, Engine)
        assert engine.has_assets() is False
        assert engine.conn is not None

    def test_closing_twice_does_nothing(self, engine: Engine) -> None:
        """Nor does closing an engine that never stored anything."""
        engine.close()
        engine.close()

    def test_flushing_leaves_everything_in_place(self, engine: Engine) -> None:
        """Also with nothing to flush."""
        assert engine.flush() is True
        engine.append(TABLE, [make_row(0)])
        assert engine.flush() is True
        assert engine.count(TABLE) == 1

    @pytest.mark.parametrize("use", [pytest.param(use, id=name) for name, use in _USES.items()])
    def test_a_closed_engine_says_so(self, engine: Engine, use: Callable[[Engine], object]) -> None:
        """Whatever it is asked for."""
        engine.append(TABLE, [make_row(0)])
        engine.close()
        with pytest.raises(ClosedError, match="closed"):
            use(engine)
