"""Objects may be the first that a tracker stores, in a folder that does not exist yet; and outlive their tracker."""

import gc
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from xetrack import Reader, Tracker, copy

VALUE = np.arange(3)


class Model:
    """An object for the general serializer."""


WRITES = {
    "log an array": lambda tracker: tracker.log({"m": VALUE}),
    "log an object": lambda tracker: tracker.log({"m": Model()}),
    "log_batch": lambda tracker: tracker.log_batch([{"m": VALUE}, {"m": VALUE}]),
    "set_param": lambda tracker: [tracker.set_param("m", VALUE), tracker.log({"x": 1})],
    "track": lambda tracker: tracker.track(lambda: VALUE),
    "insert": lambda tracker: tracker.assets.insert(VALUE, "m"),
    "prepare and put": lambda tracker: tracker.assets.put(tracker.assets.prepare(VALUE), "m"),
}

LOOKS = {
    "get": (lambda tracker: tracker.get("m"), None),
    "keys": (lambda tracker: tracker.assets.keys(), []),
    "names": (lambda tracker: tracker.assets.names(), {}),
    "size": (lambda tracker: tracker.assets.size, 0),
    "info": (lambda tracker: tracker.assets.info("m"), None),
    "len": (lambda tracker: len(tracker.assets), 0),
    "contains": (lambda tracker: "m" in tracker.assets, False),
    "unused": (lambda tracker: tracker.assets.unused(), []),
    "collect": (lambda tracker: tracker.assets.collect(), []),
    "set_value": (lambda tracker: tracker.set_value("m", VALUE), 0),
    "set_where": (lambda tracker: tracker.set_where("m", VALUE, "x", 1), 0),
    "remove from a column": (lambda tracker: tracker.remove_asset("m", "m"), False),
}


@pytest.fixture
def db(tmp_path):
    return tmp_path / "runs" / "new" / "x.db"


@pytest.mark.parametrize("options", [{}, {"assets": "elsewhere/new"}, {"reset": True}], ids=str)
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_an_object_comes_first(db, tmp_path, monkeypatch, write, options):
    monkeypatch.chdir(tmp_path)
    with Tracker(db, **options) as tracker:
        write(tracker)

    with Reader(db) as reader:
        assert len(reader.assets) == 1


@pytest.mark.parametrize(("look", "found"), LOOKS.values(), ids=LOOKS)
def test_looking_for_objects_before_there_are_any_finds_none_and_leaves_no_trace(db, tmp_path, look, found):
    with Tracker(db) as tracker:
        assert look(tracker) == found

    assert list(tmp_path.iterdir()) == []


def test_a_param_that_is_an_object_leaves_no_trace_before_the_first_row(db, tmp_path):
    with Tracker(db, params={"m": VALUE}) as tracker:
        assert list(tmp_path.iterdir()) == []
        tracker.log({"x": 1})
        assert tracker.get("m").tolist() == [0, 1, 2]


def test_objects_are_copied_to_a_new_folder(db, tmp_path):
    with Tracker(tmp_path / "a.db") as tracker:
        tracker.log({"m": VALUE})

    assert copy(tmp_path / "a.db", db) == 1
    assert Reader(db).assets.get("m").tolist() == [0, 1, 2]


def test_threads_that_are_first_at_once(db):
    start = threading.Barrier(8)
    failed = []

    def log(number):
        try:
            with Tracker(db, timeout=60) as tracker:
                start.wait(60)
                tracker.log({"m": np.arange(number)})
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=log, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert len(Reader(db).assets) == len(Reader(db)) == 8


def test_processes_that_are_first_at_once(db):
    script = """
import sys
import numpy as np
from xetrack import Tracker
tracker = Tracker(sys.argv[1])
print("ready", flush=True)
input()
tracker.log({"m": np.arange(int(sys.argv[2]))})
"""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(db), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        for number in range(4)
    ]
    for each in started:
        assert each.stdout.readline() == "ready\n"
    assert not db.parent.exists()
    for each in started:
        each.stdin.write("\n")
        each.stdin.flush()
    for each in started:
        each.communicate(timeout=60)

    assert [each.returncode for each in started] == [0] * 4
    assert len(Reader(db).assets) == len(Reader(db)) == 4


# Lifetimes


@pytest.fixture
def no_collections():
    """What is closed is closed as soon as nobody holds it."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("db", ["a.db", Tracker.IN_MEMORY])
def test_the_store_of_a_tracker_in_one_line(tmp_path, monkeypatch, no_collections, db):
    monkeypatch.chdir(tmp_path)
    Tracker(db).log({"m": VALUE})

    key = Tracker(db).assets.insert(VALUE, "m")
    keys = Tracker(db).assets.keys()  # within assert, pytest would hold the tracker
    assert keys == ([key] if db == "a.db" else [])
    store = Tracker(db).assets
    store.insert(Model(), "model")
    assert isinstance(store.get("model"), Model)
    del store
    assert [each.name for each in Path().iterdir()] == ([db] if db == "a.db" else [])


def test_the_store_of_a_forgotten_tracker_holds_the_database_no_longer_than_itself(tmp_path, no_collections):
    tracker = Tracker(tmp_path / "a.db")
    tracker.log({"m": VALUE})
    store = tracker.assets
    del tracker

    assert [run["status"] for run in Reader(tmp_path / "a.db").list_runs()] == ["finished"]
    assert store.get("m").tolist() == [0, 1, 2]
    del store
    assert [each.name for each in tmp_path.iterdir()] == ["a.db"]
