"""The engine keeps every promise of an engine, in a file and in memory."""

from pathlib import Path
from typing import ClassVar

from xetrack_duckdb import DuckdbOptions
from xetrack_duckdb.engine import DuckdbEngine
from xetrack_testing import EngineContract


class TestInFile(EngineContract):
    durable = shared = processes = True
    name = "duckdb"
    impatient: ClassVar = {"timeout": 0.1}

    def open(self, place: Path) -> DuckdbEngine:
        return DuckdbEngine(self.url(place), DuckdbOptions())

    def url(self, place: Path) -> str:
        return str(place / "track.db")


class TestInMemory(EngineContract):
    def open(self, place: Path) -> DuckdbEngine:
        return DuckdbEngine(":memory:", DuckdbOptions())
