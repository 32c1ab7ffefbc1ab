"""Databases, and real processes that are told what to do by scripts."""

import math
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from xetrack.plugin import Engine, quote, to_arrow
from xetrack_duckdb.copier import Copier

PRELUDE = "import os, sys, threading\nfrom xetrack import Reader, Tracker\n"
PATIENCE = 300  # seconds until a process counts as stuck

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "track.db"


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a script with arguments in a process of its own; what still runs at the end of the test is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(script: str, *arguments: object) -> "subprocess.Popen[str]":
        command = [sys.executable, "-W", "error", "-c", PRELUDE + dedent(script), *map(str, arguments)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started.append(subprocess.Popen(command, text=True, **pipes))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def run(start: Start) -> Callable[..., str]:
    """Runs a script to its end in a process of its own, and gives what it printed."""

    def run(script: str, *arguments: object) -> str:
        process = start(script, *arguments)
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
        return out

    return run


def spelt(values: list[Any]) -> list[Any]:
    """Values that compare as they should: NaN with NaN, True not with 1, 0.0 not with -0.0."""
    return [_spelt(value) for value in values]


def _spelt(value: Any) -> tuple[str, str]:
    if type(value) in {int, float} and abs(value) < 2**53:  # whether a column of both is DOUBLE depends on its past
        return "number", "-0.0" if not value and math.copysign(1, value) < 0 else repr(float(value))
    return type(value).__name__, repr(value)


def in_sqlite(engine: Engine, table: str = "events") -> dict[str, list[Any]]:
    """The rows of a table as the engine reads them, each column of one type."""
    table = to_arrow(engine.read(table))
    texts = [column.cast("string") if column.type == "uint64" else column for column in table.columns]
    columns = dict(zip(table.column_names, (column.to_pylist() for column in texts), strict=True))
    return {key: spelt(values) for key, values in columns.items() if any(value is not None for value in values)}


def in_duckdb(conn: Any, table: str = "events") -> dict[str, list[Any]]:
    """The rows of a table as DuckDB selects them."""
    rows = conn.execute(f'SELECT * FROM db."{table}"').fetchall()
    names = [name for name, *_ in conn.description]
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}
    return {key: spelt(values) for key, values in columns.items() if any(value is not None for value in values)}


@pytest.fixture
def scratches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tables that were copied from scratch."""
    copied = []
    original = Copier._from_scratch

    def recorded(self: Copier, table: Any, *rest: Any) -> Any:
        copied.append(table.name)
        return original(self, table, *rest)

    monkeypatch.setattr(Copier, "_from_scratch", recorded)
    return copied


@pytest.fixture
def check() -> Callable[..., None]:
    """Checks that DuckDB and SQLite agree on a table, as seen by a tracker or reader."""

    def check(seen_by: Any, table: str = "events") -> None:
        assert in_duckdb(seen_by.conn, table) == in_sqlite(seen_by.engine, table)

    return check


@pytest.fixture
def check_keys() -> Callable[..., None]:
    """Checks that DuckDB and SQLite agree on some keys, which a query names."""

    def check_keys(seen_by: Any, keys: Iterable[str]) -> None:
        expected = in_sqlite(seen_by.engine)
        chosen = [key for key in keys if key in expected]
        if chosen:
            rows = seen_by.conn.execute(f"SELECT {', '.join(map(quote, chosen))} FROM db.events").fetchall()
            found = {key: spelt(list(values)) for key, values in zip(chosen, zip(*rows, strict=True), strict=True)}
            assert found == {key: expected[key] for key in chosen}

    return check_keys
