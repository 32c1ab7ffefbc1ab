"""Several processes and one file; `kill -9` in the middle."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from xetrack import Reader, Tracker

pytestmark = pytest.mark.soak

LOG = """
import os, sys
from xetrack import Tracker
tracker = Tracker(sys.argv[1], **({"assets": sys.argv[3]} if sys.argv[3:] else {}))
os.write(1, b"ready\\n")
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    tracker.log({"shared": range(1000), "own": range(os.getpid(), os.getpid() + number % 3)})
    os.write(1, b".\\n")
tracker.close()
"""

# SQLite calls back after so many steps of its virtual machine: there the process tells that it is inside, and stays
STOP_INSIDE = """
import os, sys
from xetrack import Tracker
tracker = Tracker(sys.argv[1], track_id="run", **({"assets": sys.argv[3]} if sys.argv[3:] else {}))
tracker.log({"value": range(3)})
def stop():
    os.write(1, b"inside\\n")
    sys.stdin.read()
tracker.engine.database.connection().set_progress_handler(stop, int(sys.argv[2]))
tracker.log({"value": range(4), "again": range(3)})
os.write(1, b"done\\n")
"""


def start(script, *arguments):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", script, *map(str, arguments)], text=True, **pipes)


@pytest.fixture(params=["file", "folder"])
def place(request, tmp_path):
    return [tmp_path / "objects"] if request.param == "folder" else []


def test_processes_that_log_one_object_at_once_keep_it_once_with_an_exact_count(db, place):
    workers = [start(LOG, db, 50, *place) for _ in range(3)]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        _, err = worker.communicate(timeout=300)
        assert worker.returncode == 0, err
    with Reader(db) as reader:
        assert len(reader) == 150
        key = reader[0]["shared"]
        assert reader.assets.info(key).uses == 150
        assert {row["shared"] for row in reader} == {key}
        empty = reader[0]["own"]
        assert sum(reader.assets.info(each).uses for each in reader.assets) == 300
        assert reader.assets.unused() == []
        assert reader.assets.get(key) == range(1000)
        assert len(reader.assets.get(empty)) == 0


@pytest.mark.parametrize("steps", [1, 5, 20, 40, 60, 100])
def test_a_process_killed_between_object_and_row_leaves_neither(db, place, steps):
    process = start(STOP_INSIDE, db, steps, *place)
    assert process.stdout.readline() == "inside\n"
    process.kill()
    process.communicate()
    with Reader(db) as reader:
        assert [reader.assets.get(row["value"]) for row in reader] == [range(3)]
        assert [reader.assets.info(key).uses for key in reader.assets] == [1]
        assert reader.conn.execute("PRAGMA db.integrity_check").fetchone() == ("ok",)
        assert reader.collect_assets() == []
    with Tracker(db, track_id="run", assets=place[0] if place else None) as tracker:
        row = tracker.log({"value": range(4)})
        assert tracker.get(row["value"]) == range(4)
        if place:
            assert {path.name for path in place[0].rglob("*") if path.is_file()} == set(tracker.assets)


def test_threads_share_one_tracker(tracker):
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda number: tracker.log({"value": range(number % 4)}), range(100)))
    assert all(tracker.get(row["value"]) == range(number % 4) for number, row in enumerate(rows))
    assert [tracker.assets.info(rows[number]["value"]).uses for number in range(4)] == [25] * 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_logs_objects_too(tracker):
    tracker.log({"value": range(3)})
    child = os.fork()
    if not child:
        try:
            tracker.log({"value": range(3)})
            tracker.log({"value": range(4)})
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    row = tracker.log({"value": range(3)})
    assert tracker.assets.info(row["value"]).uses == 3
    assert tracker.get(tracker[2]["value"]) == range(4)


def test_a_pickled_tracker_takes_the_objects_of_its_params_along(db):
    import pickle

    with Tracker(db, params={"model": range(7)}) as tracker:
        row = tracker.log({"x": 1})
        copy = pickle.loads(pickle.dumps(tracker))  # noqa: S301 - our own
        copy.log({"x": 2})
        assert tracker.assets.info(row["model"]).uses == 2
        copy.close()


@pytest.mark.big
def test_a_hundred_megabytes_cost_no_second_copy(tmp_path):
    script = """
import resource, sys
import numpy as np
from xetrack import Tracker
tracker = Tracker(sys.argv[1])
tracker.log({"warm": np.zeros(10)})
tracker.get("warm")
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
array = np.random.default_rng(0).random(25_000_000)  # 200 MB
before = peak()
row = tracker.log({"array": array})
put = peak()
back = tracker.get(row["array"])
got = peak()
assert np.array_equal(back, array)
print((put - before) / array.nbytes, (got - put) / array.nbytes)
"""
    if sys.platform != "linux":
        pytest.skip("ru_maxrss is in other units elsewhere")
    command = [sys.executable, "-c", script, tmp_path / "big.db"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    put, got = map(float, done.stdout.split())
    assert put < 0.3
    assert got < 1.3
    for file in Path(tmp_path).iterdir():
        file.unlink()  # pytest keeps the folder
