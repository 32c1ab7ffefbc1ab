"""Rows of the table about starting: imports, and the first row of a fresh process."""

import sys
from pathlib import Path

from benchmarks.rounds import Row, interleaved, python, run, timed

HEAVY = {"duckdb", "loguru", "numpy", "pandas", "typer"}
_FIRST_ROW = "import sys; from xetrack import Tracker; Tracker(sys.argv[1]).log({'accuracy': 0.9})"
_LOADED = "; print(*sys.modules)"
_BARE_ROW = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("PRAGMA journal_mode = WAL")
connection.execute(
    "CREATE TABLE events (timestamp TEXT, track_id TEXT, accuracy REAL, PRIMARY KEY (track_id, timestamp))"
)
connection.execute("INSERT INTO events VALUES ('2026-01-01', 'fierce-pudu-1649', 0.9)")
connection.commit()
"""


def importing(sizes, folder):
    yield Row(
        "import xetrack, in a fresh process; bare: a process that does nothing",
        *interleaved(sizes.starts, lambda: timed(python, "import xetrack"), lambda: timed(python, "pass")),
        limit=0.040,
        difference=True,
    )
    yield _modules("heavy modules that import xetrack loads", "import sys, xetrack" + _LOADED)
    yield _modules("heavy modules that the first row loads", _FIRST_ROW + _LOADED, folder / "modules.db")


def _modules(what, code, *arguments):
    loaded = HEAVY.intersection(python(code, *arguments).split())
    return Row(what, limit=0, verdict=", ".join(sorted(loaded)))


def command(sizes, folder):
    scripts = Path(sys.executable).parent
    yield Row(
        "xt --help, every plugin installed; bare: nothing, for the whole of it counts",
        *interleaved(sizes.starts, lambda: timed(run, scripts / "xt", "--help"), lambda: 0.0),
        limit=0.250,
        difference=True,
    )
    python(_FIRST_ROW, folder / "head.db")
    yield Row(
        "xt head of one row; bare: import typer",
        *interleaved(
            sizes.starts,
            lambda: timed(run, scripts / "xt", "head", folder / "head.db"),
            lambda: timed(python, "import typer"),
        ),
        difference=True,
    )


def first_row(sizes, folder):
    fresh = iter(range(10**9))
    yield Row(
        "the first row of a fresh process; bare: sqlite3, likewise",
        *interleaved(
            sizes.starts,
            lambda: timed(python, _FIRST_ROW, folder / f"first{next(fresh)}.db"),
            lambda: timed(python, _BARE_ROW, folder / f"first{next(fresh)}.db"),
        ),
        difference=True,
    )
