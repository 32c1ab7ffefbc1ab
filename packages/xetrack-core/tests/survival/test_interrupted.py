"""Ctrl-C anywhere: KeyboardInterrupt at the n-th place where Python looks for signals in our code.

Every n takes minutes on a slow disk: of the long paths, each fifth is tried.
"""

import gc
import sys
import threading

import pytest

from xetrack import Reader, Tracker

OURS = ("xetrack", "contextlib")


def interrupted(n, action):
    """Do `action`, interrupted. Signals are handled as a function begins, and as one of C returns.

    Not as an `__exit__` begins: then Python itself leaves a `with` block standing (bpo-29988), as long as somebody
    holds the traceback. docs/reliability.md says so.
    """
    seen = 0

    def look(frame, event, _):
        nonlocal seen
        name = frame.f_code.co_filename
        begins_to_leave = event == "call" and frame.f_code.co_name == "__exit__"
        if (
            event in {"call", "c_return"}
            and not begins_to_leave
            and name != __file__
            and any(each in name for each in OURS)
        ):
            seen += 1
            if seen == n:
                sys.setprofile(None)
                raise KeyboardInterrupt

    sys.setprofile(look)
    try:
        action()
    finally:
        sys.setprofile(None)


ACTIONS = {
    "log": lambda tracker: tracker.log({"id": 1}),
    "set_value": lambda tracker: tracker.set_value("id", 1),
}


# pytest would complain of generators that an interrupt kept from their end: Python says so, and goes on
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("action", ACTIONS)
def test_an_interrupt_anywhere_leaves_nothing_open_and_no_row_half_there(tmp_path, action):
    n, going = 1, True
    while going:
        db = tmp_path / f"{n}.db"
        tracker = Tracker(db, {"p": 1})
        try:
            interrupted(n, lambda tracker=tracker: ACTIONS[action](tracker))
            going = False
        except KeyboardInterrupt:
            tracker.log({"id": 2})  # while the traceback still holds all that was under way
            with Reader(db) as reader:
                assert 2 in [row["id"] for row in reader.to_dicts()], n
        gc.collect()
        assert in_another_thread(tracker.engine.database.lock), n
        tracker.log({"id": 3})
        tracker.close()
        with Reader(db) as reader:
            ids = [row["id"] for row in reader.to_dicts()]
        assert ids.count(1) in {0, 1}, n
        assert ids.count(2) == going, n
        assert ids.count(3) == 1, n
        db.unlink()
        n += 1 if action == "set_value" else 5
    assert n > 20


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
