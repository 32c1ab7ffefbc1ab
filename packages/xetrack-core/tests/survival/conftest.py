"""Real processes, told what to do by scripts, and asked by pipes how far they are."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from xetrack import Reader
from xetrack_testing import Process, Processes
from xetrack_testing.seeds import logged_seed

PRELUDE = (
    "import os, pickle, signal, sys, threading\nfrom datetime import datetime\nfrom xetrack import Reader, Tracker\n"
)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "track.db"


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """What a test chooses by at random; a failure prints how to repeat it."""
    return logged_seed(request.node.nodeid)


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    """Starts a script with arguments in a process of its own; what still runs at the end of the test is killed."""
    with Processes(PRELUDE) as processes:
        yield processes.start


@pytest.fixture
def finish() -> Callable[[Process], str]:
    """Waits for a process to end well, and gives what it printed and was not read yet."""
    return Processes.finish


@pytest.fixture
def integrity() -> Callable[[Path], str]:
    """What SQLite says of the file."""

    def check(db: Path) -> str:
        with Reader(db) as reader:
            return str(reader.conn.execute("PRAGMA db.integrity_check").fetchone()[0])

    return check
