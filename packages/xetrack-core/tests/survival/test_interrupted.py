"""Signals anywhere: an exception at the n-th place where Python looks for signals in our code.

It is that of Ctrl-C, and in turns that which handlers of SIGTERM like to raise. Usually some of the places are tried,
others in each run of the tests: a failure tells which. `XETRACK_EVERY_PLACE=1 uv run pytest -k interrupt --timeout 0`
tries all of them, which takes minutes on a slow disk.
"""

import gc
import os
import random
import signal
import sys
import threading

import pytest

from xetrack import Reader, Tracker

OURS = ("xetrack", "contextlib")
TRIED = 25  # places of each action


def look_for(n, error):
    """Raises `error` at the n-th place; `seen` counts them. Python looks as a function begins, and as one of C returns.

    Not as an `__exit__` begins: then Python itself leaves a `with` block standing (bpo-29988), as long as somebody
    holds the traceback. docs/reliability.md says so.
    """

    def look(frame, event, _):
        name = frame.f_code.co_filename
        begins_to_leave = event == "call" and frame.f_code.co_name == "__exit__"
        if (
            event in {"call", "c_return"}
            and not begins_to_leave
            and name != __file__
            and any(each in name for each in OURS)
        ):
            look.seen += 1
            if look.seen == n:
                sys.setprofile(None)
                raise error

    look.seen = 0
    return look


def watched(look, action, tracker):
    """Do `action` under the eyes of `look`."""
    sys.setprofile(look)
    try:
        action(tracker)
    finally:
        sys.setprofile(None)


def log_again(tracker):
    tracker.log({"id": 1, "again": 1})


ACTIONS = {
    "log": lambda tracker: tracker.log({"id": 1}),
    "log again": log_again,
    "log_batch": lambda tracker: tracker.log_batch([{"id": 1}, {"id": 10}]),
    "track": lambda tracker: tracker.track(dict, kwargs={"id": 1}),
    "set_value": lambda tracker: tracker.set_value("other", 1),
}


def made(db, action):
    """A tracker on which `action` is the first thing that is done, or not."""
    tracker = Tracker(db, {"p": 1})
    if action in {"log again", "set_value"}:
        tracker.log({"id": 0})
    return tracker


def places(folder, action):
    """The places to try."""
    look = look_for(0, None)
    with made(folder / "counted.db", action) as tracker:
        watched(look, ACTIONS[action], tracker)
    step = 1 if "XETRACK_EVERY_PLACE" in os.environ else max(look.seen // TRIED, 1)
    return range(random.SystemRandom().randint(1, step), look.seen + 1, step)


@pytest.fixture
def quick_collection():
    """Garbage is looked for among what a test makes, and not in all that is imported."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


# pytest would complain of generators that an interrupt kept from their end: Python says so, and goes on
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("quick_collection")
@pytest.mark.parametrize("action", ACTIONS)
def test_an_interrupt_anywhere_leaves_nothing_open_and_no_row_half_there(tmp_path, action):
    for n in places(tmp_path, action):
        db = tmp_path / f"{n}.db"
        tracker = made(db, action)
        interrupted = 0
        try:
            watched(look_for(n, (KeyboardInterrupt, SystemExit)[n % 2]), ACTIONS[action], tracker)
        except (KeyboardInterrupt, SystemExit):
            interrupted = 1
            tracker.log({"id": 2})  # while the traceback still holds all that was under way
            with Reader(db) as reader:
                assert 2 in [row.get("id") for row in reader.to_dicts()], f"place {n}"
        gc.collect()
        assert in_another_thread(tracker.engine.database.lock), f"place {n}"
        tracker.log({"id": 3})
        tracker.close()
        with Reader(db) as reader:
            ids = [row.get("id") for row in reader.to_dicts()]
        assert ids.count(1) in {0, 1}, f"place {n}"
        assert ids.count(10) == (ids.count(1) if action == "log_batch" else 0), f"place {n}"
        assert ids.count(2) == interrupted, f"place {n}"
        assert ids.count(3) == 1, f"place {n}"
        db.unlink()


def in_another_thread(lock):
    """Whether another thread gets the lock."""
    got = []

    def take():
        got.append(lock.acquire(timeout=10))
        if got[0]:
            lock.release()

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    return got[0]


LOG_UNTIL_TOLD = """
if sys.argv[2] == "handled":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
with Tracker(sys.argv[1]) as tracker:
    for number in range(10**9):
        tracker.log({"n": number})
        os.write(1, b"%d\\n" % number)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGTERM to handle here")
@pytest.mark.parametrize(
    ("how", "code", "status"), [("handled", 7, "failed"), ("unhandled", -signal.SIGTERM, "crashed")]
)
def test_sigterm_loses_nothing_that_was_acknowledged(db, start, how, code, status):
    process = start(LOG_UNTIL_TOLD, db, how)
    for _ in range(random.randint(1, 200)):
        assert process.stdout.readline()
    process.terminate()
    process.wait()
    assert process.returncode == code
    with Reader(db) as reader:
        rows = [row["n"] for row in reader]
        assert rows == list(range(len(rows)))
        assert [run["status"] for run in reader.list_runs()] == [status]
