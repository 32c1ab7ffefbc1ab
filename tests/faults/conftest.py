"""Disks that are full, that fail, or that cannot be written: real ones, in processes of their own."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from xetrack_testing import Processes
from xetrack_testing.seeds import logged_seed

PRELUDE = """
import ctypes, errno, json, os, sys, warnings
from pathlib import Path
import xetrack
from xetrack import Reader, Tracker
from xetrack.errors import DatabaseError, DatabaseReadOnlyError

class Thing:
    def __init__(self, size):
        self.text = os.urandom(size)

def work(size):
    return "y" * size
"""


@pytest.fixture
def seed(request) -> int:
    """What a test chooses by at random; a failure prints how to repeat it."""
    return logged_seed(request.node.nodeid)


@pytest.fixture
def python(tmp_path) -> Iterator[Callable[..., str]]:
    """Runs a script in a process and folder of its own, and gives what it printed."""
    with Processes(PRELUDE, folder=tmp_path) as processes:
        yield processes.run


@pytest.fixture(scope="session")
def failing(tmp_path_factory) -> str:
    """The library that lets writes fail."""
    compiler = shutil.which("gcc")
    if compiler is None or not Path("/proc/self/fd").is_dir():
        pytest.skip("needs gcc, and Linux")
    library = tmp_path_factory.mktemp("failing") / "failing.so"
    source = Path(__file__).with_name("failing.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return str(library)


@pytest.fixture(scope="session")
def small_disk() -> list[str]:
    """The command that runs another one where `/mnt` is an empty disk of 1 MB that nobody else sees."""
    command = ["unshare", "--user", "--mount", "--map-root-user", "sh", "-c"]
    mount = "mount -t tmpfs -o size=1m none /mnt"
    try:
        done = subprocess.run([*command, mount], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("needs unshare")
    if done.returncode:
        pytest.skip(f"nothing may be mounted here: {done.stderr.decode()}")
    return [*command, f'{mount} && exec "$@"', "sh"]


@pytest.fixture
def on_small_disk(small_disk, tmp_path) -> Callable[..., None]:
    """Runs a script on the small disk, which is its first argument."""

    def run(script: str, *arguments: object) -> None:
        command = [*small_disk, sys.executable, "-c", PRELUDE + script, "/mnt", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=100)
        assert done.returncode == 0, done.stderr

    return run
