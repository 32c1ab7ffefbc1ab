"""The engines of the core keep the contract that they ask of others."""

from pathlib import Path
from typing import ClassVar

from xetrack.plugin import MemoryEngine
from xetrack.sqlite import SqliteEngine
from xetrack_testing import EngineContract


class TestSqliteFile(EngineContract):
    durable = shared = processes = True
    name = "sqlite"
    impatient: ClassVar = {"timeout": 0.1}

    def open(self, place: Path) -> SqliteEngine:
        return SqliteEngine(self.url(place))

    def url(self, place: Path) -> str:
        return str(place / "track.db")


class TestSqliteInMemory(EngineContract):
    def open(self, place: Path) -> SqliteEngine:
        return SqliteEngine(":memory:")


class TestMemory(EngineContract):
    def open(self, place: Path) -> MemoryEngine:
        return MemoryEngine()
