"""Read-only engines create and change nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xetrack.errors import DatabaseNotFoundError, DatabaseReadOnlyError
from xetrack.plugin import Engine, Run
from xetrack_testing.engine.fixtures import EngineFixtures, Opener, stored
from xetrack_testing.rows import TABLE, exact, make_row

__all__ = ["ReadersContract"]


def _in_transaction(engine: Engine) -> None:
    with engine.transaction():
        engine.append(TABLE, [make_row(9)])


_WRITES: dict[str, Callable[[Engine], Any]] = {
    "amend": lambda engine: engine.amend(TABLE, [make_row(0, {"n": 9})]),
    "append": lambda engine: engine.append(TABLE, [make_row(9)]),
    "delete": lambda engine: engine.delete(TABLE, "run-1"),
    "drop": lambda engine: engine.drop(TABLE),
    "merge": lambda engine: engine.merge(TABLE, [make_row(9)]),
    "save_run": lambda engine: engine.save_run(Run("run-1", TABLE)),
    "set_metadata": lambda engine: engine.set_metadata({"x": "1"}),
    "transaction": _in_transaction,
    "update": lambda engine: engine.update(TABLE, "n", 9),
}


class ReadersContract(EngineFixtures):
    """What a provider opens if `Context.read_only` is true. Requires `name`."""

    def test_a_reader_reads_what_is_stored(self, opener: Opener, reader: Opener) -> None:
        """Requires `durable`."""
        self.require("durable")
        engine = opener()
        engine.append(TABLE, [make_row(0, {"n": 1})])
        engine.close()
        assert stored(reader()) == exact([make_row(0, {"n": 1})])

    def test_a_reader_follows_a_writer(self, opener: Opener, reader: Opener) -> None:
        """Rows, columns and tables that another engine stores later. Requires `shared`."""
        self.require("shared")
        writing = opener()
        writing.append(TABLE, [make_row(0)])
        reading = reader()
        assert reading.count(TABLE) == 1
        writing.append(TABLE, [make_row(1, {"new": 1})])
        writing.append("other", [make_row(0)])
        assert (reading.read(TABLE)["new"], reading.tables()) == ([None, 1], [TABLE, "other"])

    def test_a_reader_of_a_missing_store_raises_not_found_error(
        self, opener: Opener, reader: Opener, tmp_path: Path
    ) -> None:
        """It creates neither a file in the place nor a table."""
        before = _files(tmp_path)
        with pytest.raises(DatabaseNotFoundError):
            reader()
        assert _files(tmp_path) == before
        assert opener().tables() == []

    def test_a_reader_leaves_no_file(self, opener: Opener, reader: Opener, tmp_path: Path) -> None:
        """Every file in the place is as it was before. Requires `durable`."""
        self.require("durable")
        engine = opener()
        engine.append(TABLE, [make_row(0)])
        engine.close()
        before = _files(tmp_path)
        reading = reader()
        reading.read(TABLE)
        reading.runs(TABLE)
        reading.changes(TABLE)
        reading.flush()
        reading.close()
        assert _files(tmp_path) == before

    @pytest.mark.parametrize("write", [pytest.param(write, id=name) for name, write in _WRITES.items()])
    def test_a_reader_refuses_to_write(self, opener: Opener, reader: Opener, write: Callable[[Engine], Any]) -> None:
        """It raises `DatabaseReadOnlyError` and changes nothing. Requires `durable`."""
        self.require("durable")
        engine = opener()
        engine.append(TABLE, [make_row(0, {"n": 1})])
        engine.close()
        reading = reader()
        with pytest.raises(DatabaseReadOnlyError):
            write(reading)
        reading.close()
        again = opener()
        assert stored(again) == exact([make_row(0, {"n": 1})])
        assert ([run.status for run in again.runs(TABLE)], again.metadata(["x"])) == ([""], {})


def _files(place: Path) -> dict[str, bytes]:
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}
