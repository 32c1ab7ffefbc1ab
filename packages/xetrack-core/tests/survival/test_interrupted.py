"""Ctrl-C anywhere: an exception at the n-th place where Python looks for signals in our code.

It is that of Ctrl-C, and in turns that which handlers of SIGTERM like to raise.
"""

import gc
import os
import random
import signal
import sys
import threading
from pathlib import Path

import pytest

from xetrack import Reader, Tracker
from xetrack.sqlite import SqliteEngine

sys.path.insert(0, str(Path(__file__).parent))

from anywhere import Injector

# As an `__exit__` begins, Python itself leaves a `with` block standing (bpo-29988), as long as somebody holds the
# traceback. docs/reliability.md says so.
NOT_AT = "__exit__"


def raiser(error):
    """A function that raises it."""

    def fail():
        raise error

    return fail


def log_again(tracker):
    tracker.log({"id": 1, "again": 1})


ACTIONS = {
    "log": lambda tracker: tracker.log({"id": 1}),
    "log again": log_again,
    "log_batch": lambda tracker: tracker.log_batch([{"id": 1}, {"id": 10}]),
    "track": lambda tracker: tracker.track(dict, kwargs={"id": 1}),
    "set_value": lambda tracker: tracker.set_value("other", 1),
    "flush": lambda tracker: tracker.flush(),
}
QUICK = {"log_batch", "set_value"}  # in the first tier; the others are in the second


def made(db, action):
    """A tracker on which `action` is the first thing that is done, or not."""
    tracker = Tracker(db, {"p": 1})
    if action in {"log again", "set_value", "flush"}:
        tracker.log({"id": 0})
    return tracker


# pytest would complain of generators that an interrupt kept from their end: Python says so, and goes on
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "action", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.soak) for name in ACTIONS]
)
def test_an_interrupt_anywhere_leaves_nothing_open_and_no_row_half_there(tmp_path, action, seed):
    injector = Injector(seed, but=NOT_AT)
    for name in ("first", "counted"):  # the first time of all has more places: imports, and what is kept
        with made(tmp_path / f"{name}.db", action) as tracker:
            injector.count(ACTIONS[action], tracker)
    raised = 0
    for n in injector.places():
        db = tmp_path / f"{n}.db"
        tracker = made(db, action)
        interrupted = 0
        try:
            injector.inject(n, raiser((KeyboardInterrupt, SystemExit)[n % 2]), ACTIONS[action], tracker)
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
        raised += interrupted
    # sqlite3 and `__del__` swallow some
    assert raised > injector.injected / 2


def in_another_thread(lock):
    """Whether another thread gets the lock."""
    got = []

    def take():
        got.append(lock.acquire(timeout=60))
        if got[0]:
            lock.release()

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    return got[0]


def test_a_transaction_that_an_interrupt_left_standing_may_end_after_close(db):
    engine = SqliteEngine(str(db))
    standing = engine.transaction()
    standing.__enter__()
    engine.close()

    standing.steps.close()  # as when its traceback is let go


LOG_UNTIL_TOLD = """
if sys.argv[2] == "handled":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
with Tracker(sys.argv[1]) as tracker:
    for number in range(10**9):
        tracker.log({"n": number})
        os.write(1, b"%d\\n" % number)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGTERM to handle here")
@pytest.mark.parametrize("how", ["handled", "unhandled"])
def test_sigterm_loses_nothing_that_was_acknowledged(db, start, seed, how):
    process = start(LOG_UNTIL_TOLD, db, how)
    acknowledged = random.Random(seed).randint(1, 200)
    for _ in range(acknowledged):
        assert process.stdout.readline()
    process.terminate()
    process.wait()
    code, status = {"handled": (7, "failed"), "unhandled": (-signal.SIGTERM, "crashed")}[how]
    assert process.returncode == code
    with Reader(db) as reader:
        rows = [row["n"] for row in reader]
        assert rows == list(range(len(rows)))
        assert len(rows) >= acknowledged
        assert [run["status"] for run in reader.list_runs()] == [status]
