"""Ctrl-C while a query runs, in real processes, with each engine."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from xetrack import Tracker

if sys.platform != "linux":
    pytest.skip("reads from /proc how long a process has worked", allow_module_level=True)

PATIENCE = 300  # seconds until a process counts as stuck
QUERIES = {
    "sqlite": (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)"
        " SELECT sum(a.i * b.i % 7) FROM n a, n b"
    ),
    "duckdb": "SELECT sum(a.range * b.range) FROM range(3000000) a, range(3000000) b",
}
SCRIPT = """
import sys
from xetrack import Reader
with Reader(sys.argv[1], engine=sys.argv[2]) as reader:
    print(reader.conn.execute("SELECT x FROM db.events").fetchall(), flush=True)
    try:
        reader.conn.execute(sys.argv[3]).fetchall()
    except KeyboardInterrupt:
        print("interrupted", reader.conn.execute("SELECT x FROM db.events").fetchall())
"""


@pytest.fixture
def db(tmp_path):
    path = tmp_path / "track.db"
    with Tracker(path) as tracker:
        tracker.log({"x": 1})
    return path


@pytest.fixture
def start():
    """Starts a Python process, to be interrupted; what still runs at the end of the test is killed."""
    started = []

    def start(*arguments):
        command = [sys.executable, *map(str, arguments)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def seconds_worked(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until(process, condition):
    patience = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < patience
        time.sleep(0.01)


def wait_until_open(process, path):
    folder = Path(f"/proc/{process.pid}/fd")

    def is_open():
        try:
            return any(file.readlink() == path.resolve() for file in folder.iterdir())
        except FileNotFoundError:  # one that was closed meanwhile
            return False

    wait_until(process, is_open)


def wait_until_worked(process, seconds):
    """Wait until a process has used more of the processor's time: then it is in the middle of its query."""
    end = seconds_worked(process) + seconds
    wait_until(process, lambda: seconds_worked(process) >= end)


@pytest.mark.parametrize("engine", QUERIES)
def test_a_query_is_interrupted_and_the_connection_goes_on(start, db, engine):
    process = start("-c", SCRIPT, db, engine, QUERIES[engine])
    assert process.stdout.readline() == "[(1,)]\n"
    wait_until_worked(process, 0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert (out, err, process.returncode) == ("interrupted [(1,)]\n", "", 0)


@pytest.mark.terminal
@pytest.mark.parametrize("engine", QUERIES)
def test_xt_sql_is_interrupted(start, db, engine):
    process = start("-m", "xetrack_cli", "sql", db, QUERIES[engine], "--engine", engine)
    wait_until_open(process, db)
    wait_until_worked(process, 1)  # more than it takes to import DuckDB and copy a row
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert (out, err, process.returncode) == ("", "xt: query interrupted.\n", 130)
