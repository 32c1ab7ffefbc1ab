"""Flushing, closing, and use after closing."""

from collections.abc import Callable

import pytest

from xetrack.errors import ClosedError
from xetrack.plugin import Engine
from xetrack_testing.engine.fixtures import EngineFixtures
from xetrack_testing.rows import TABLE, make_row

__all__ = ["ClosingContract"]


def _in_transaction(engine: Engine) -> None:
    with engine.transaction():
        pass


_USES: dict[str, Callable[[Engine], object]] = {
    "amend": lambda engine: engine.amend(TABLE, [make_row(0, {"x": 1})]),
    "append": lambda engine: engine.append(TABLE, [make_row(1)]),
    "changes": lambda engine: engine.changes(TABLE),
    "columns": lambda engine: engine.columns(TABLE),
    "conn": lambda engine: engine.conn,
    "count": lambda engine: engine.count(TABLE),
    "delete": lambda engine: engine.delete(TABLE, "run-1"),
    "drop": lambda engine: engine.drop(TABLE),
    "has_assets": lambda engine: engine.has_assets(),
    "latest_run": lambda engine: engine.latest_run(TABLE),
    "merge": lambda engine: engine.merge(TABLE, [make_row(1)]),
    "metadata": lambda engine: engine.metadata(["id"]),
    "read": lambda engine: engine.read(TABLE),
    "runs": lambda engine: engine.runs(TABLE),
    "scan": lambda engine: list(engine.scan(TABLE)),
    "set_metadata": lambda engine: engine.set_metadata({"x": "1"}),
    "tables": lambda engine: engine.tables(),
    "transaction": _in_transaction,
    "update": lambda engine: engine.update(TABLE, "x", 1),
}


class ClosingContract(EngineFixtures):
    """`flush` and `close`, and what a closed engine does."""

    def test_it_has_the_methods_of_an_engine(self, engine: Engine) -> None:
        """`isinstance` accepts it."""
        assert isinstance(engine, Engine)
        assert engine.has_assets() is False
        assert engine.conn is not None

    def test_closing_twice_is_harmless(self, engine: Engine) -> None:
        """Also for an engine that stored nothing."""
        engine.close()
        engine.close()

    def test_flushing_keeps_everything(self, engine: Engine) -> None:
        """Also when there is nothing to flush."""
        assert engine.flush() is True
        engine.append(TABLE, [make_row(0)])
        assert engine.flush() is True
        assert engine.count(TABLE) == 1

    @pytest.mark.parametrize("use", [pytest.param(use, id=name) for name, use in _USES.items()])
    def test_a_closed_engine_raises_closed_error(self, engine: Engine, use: Callable[[Engine], object]) -> None:
        """Every method does."""
        engine.append(TABLE, [make_row(0)])
        engine.close()
        with pytest.raises(ClosedError, match="closed"):
            use(engine)
