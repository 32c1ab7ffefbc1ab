"""Real processes, told what to do by scripts, and asked by pipes how far they are."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from xetrack import Reader

PRELUDE = (
    "import os, pickle, signal, sys, threading\nfrom datetime import datetime\nfrom xetrack import Reader, Tracker\n"
)
PATIENCE = 60  # seconds until a process counts as stuck

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "track.db"


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a script with arguments in a process of its own; what still runs at the end of the test is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(script: str, *arguments: object) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", PRELUDE + dedent(script), *map(str, arguments)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started.append(subprocess.Popen(command, text=True, **pipes))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def finish() -> Callable[["subprocess.Popen[str]"], str]:
    """Waits for a process to end well, and gives what it printed and was not read yet."""

    def finish(process: "subprocess.Popen[str]") -> str:
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
        return out

    return finish


@pytest.fixture
def integrity() -> Callable[[Path], str]:
    """What SQLite says of the file."""

    def check(db: Path) -> str:
        with Reader(db) as reader:
            return str(reader.conn.execute("PRAGMA db.integrity_check").fetchone()[0])

    return check
