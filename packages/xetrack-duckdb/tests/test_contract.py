"""The engine keeps every promise of an engine, in a file and in memory."""

from pathlib import Path
from typing import ClassVar

from xetrack_duckdb import DuckdbOptions
from xetrack_duckdb.engine import DuckdbEngine
from xetrack_testing import EngineContract


class TestInFile(EngineContract):
    durable: ClassVar[bool] = True
    shared: ClassVar[bool] = True

    def open(self, place: Path) -> DuckdbEngine:
        return DuckdbEngine(str(place / "track.db"), DuckdbOptions())


class TestInMemory(EngineContract):
    def open(self, place: Path) -> DuckdbEngine:
        return DuckdbEngine(":memory:", DuckdbOptions())
