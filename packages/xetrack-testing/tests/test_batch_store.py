"""A store that is only written in batches conforms to `ReadContract` and `WriteContract`."""

from pathlib import Path

from xetrack.errors import DatabaseError
from xetrack.plugin import MemoryEngine, Row, Run
from xetrack_testing import EngineContract, ReadContract, TrackContract, WriteContract


class Archive(MemoryEngine):
    """Neither moves clashing timestamps nor records runs."""

    def append(self, table: str, rows: list[Row]) -> None:
        before = [row["timestamp"] for row in rows]
        with self.transaction():
            super().append(table, rows)
            if before != [row["timestamp"] for row in rows]:
                raise DatabaseError("a timestamp is taken")

    def save_run(self, run: Run) -> None:
        raise DatabaseError("runs are not recorded")

    finish_run = save_run


class TestArchive(ReadContract, WriteContract):
    def open(self, place: Path) -> Archive:
        return Archive()


def promises(contract):
    return {name for name in dir(contract) if name.startswith("test_")}


def test_the_parts_make_the_whole():
    parts = (ReadContract, WriteContract, TrackContract)
    assert promises(EngineContract) == set().union(*map(promises, parts))
    assert sum(len(promises(each)) for each in parts) == len(promises(EngineContract))
