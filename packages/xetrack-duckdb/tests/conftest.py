"""Databases, and real processes that are told what to do by scripts."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

PRELUDE = "import os, sys, threading\nfrom xetrack import Reader, Tracker\n"
PATIENCE = 90  # seconds until a process counts as stuck

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
