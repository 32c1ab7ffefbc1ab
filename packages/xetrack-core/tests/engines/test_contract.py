"""The engines of the core keep the contract that they ask of others."""

from pathlib import Path

from xetrack.plugin import MemoryEngine
from xetrack.sqlite import SqliteEngine
from xetrack_testing import EngineContract


class TestSqliteFile(EngineContract):
    durable = True
    shared = True

    def open(self, place: Path) -> SqliteEngine:
        return SqliteEngine(str(place / "track.db"))


class TestSqliteInMemory(EngineContract):
    def open(self, place: Path) -> SqliteEngine:
        return SqliteEngine(":memory:")


class TestMemory(EngineContract):
    def open(self, place: Path) -> MemoryEngine:
        return MemoryEngine()
