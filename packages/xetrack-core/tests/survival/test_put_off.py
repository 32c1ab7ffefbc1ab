"""Calls in the middle of a call, anywhere: handlers of signals that log and close, and trackers that are collected."""

import gc
import os
import signal
import sys
from pathlib import Path

import pytest

from xetrack import Reader, Tracker, XetrackWarning
from xetrack._tracking import deferral
from xetrack._tracking.deferral import run_deferred
from xetrack.errors import InvalidKeyError

sys.path.insert(0, str(Path(__file__).parent))

from anywhere import Injector

ACTIONS = {
    "log": lambda tracker: tracker.log({"id": 1}),
    "log again": lambda tracker: tracker.log({"id": 1, "again": 1}),
    "log_batch": lambda tracker: tracker.log_batch([{"id": 1}]),
    "track": lambda tracker: tracker.track(dict, kwargs={"id": 1}),
    "set_value": lambda tracker: tracker.set_value("other", 1),
    "set_params": lambda tracker: tracker.set_params({"q": 1}),
    "flush": lambda tracker: tracker.flush(),
    "to_df": lambda tracker: tracker.to_df(),
}
WRITING = {"log", "log again", "log_batch", "track"}


def set_and_log(tracker, _):
    tracker.set_params({"late": 7})
    tracker.set_value("preempted", 1)
    return tracker.log({"id": 2})


HANDLERS = {
    "log": lambda tracker, _: tracker.log({"id": 2}),
    "log a new key": lambda tracker, _: tracker.log({"id": 2, "new": 1, "list": [1]}),
    "log_batch": lambda tracker, _: tracker.log_batch([{"id": 2}])[0],
    "track": lambda tracker, _: tracker.track(dict, kwargs={"id": 2}) and None,
    "set and log": set_and_log,
    "another tracker": lambda _, other: other.log({"id": 2}),
}


def made(db, action):
    """A tracker on which `action` is the first thing that is done, or not."""
    tracker = Tracker(db, {"p": 1}, timeout=0)
    if action in {"log again", "set_value", "flush", "to_df"}:
        tracker.log({"id": 0})
    return tracker


def counted(folder, action, seed, begin=lambda db: None):
    """An injector that has counted the places of the action, in a file that `begin` began."""
    injector = Injector(seed)
    for name in ("first", "counted"):  # the first time of all has more places: imports, and what is kept
        db = folder / f"{name}.db"
        begin(db)
        with made(db, action) as tracker:
            injector.count(ACTIONS[action], tracker)
    return injector


QUICK = {("log", "log"), ("log_batch", "set and log"), ("set_value", "log"), ("track", "set and log")}
"""Pairs of an action and a handler in the first tier; the others are in the second."""
PAIRS = [
    pytest.param(
        action, handler, id=f"{action}-{handler}", marks=[] if (action, handler) in QUICK else pytest.mark.soak
    )
    for action in ACTIONS
    for handler in HANDLERS
]


@pytest.mark.parametrize(("action", "handler"), PAIRS)
def test_a_handler_that_logs_anywhere_disturbs_nothing(tmp_path, seed, action, handler):
    injector = counted(tmp_path, action, seed)
    for n in injector.places(4):
        db, promised = tmp_path / f"{n}.db", []
        tracker, other = made(db, action), Tracker(db, timeout=0)
        event = lambda: promised.append(HANDLERS[handler](tracker, other))  # noqa: B023, E731
        injector.inject(n, event, ACTIONS[action], tracker)
        tracker.log({"id": 3})
        tracker.close()
        other.close()
        with Reader(db) as reader:
            rows = reader.to_dicts()
        ids = [row.get("id") for row in rows]
        assert ids.count(1) == (action in WRITING), f"place {n}"
        assert ids.count(2) == len(promised), f"place {n}"
        assert ids.count(3) == 1, f"place {n}"
        for row in filter(None, promised):
            (stored,) = (each for each in rows if each.get("id") == 2)
            assert row.items() <= stored.items(), f"place {n}"
        db.unlink()


# What is raised while a library is imported breaks that import for the rest of the process: numpy refuses to be loaded
# twice. So pandas, which `to_df` needs, is imported before the shooting starts, as a program does that survives its
# handlers. (One whose handler ends it does not care.)
CLOSING = """
import pandas, random
from xetrack._tracking import deferral
from xetrack._tracking.deferral import run_deferred
from xetrack.errors import ClosedError

choices = random.Random(int(sys.argv[2]))

def handler(*_):
    global handled
    handled += 1
    tracker.log({"id": 2})
    tracker.close()
    sys.exit(3)

def again_and_again(action, seconds):
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    while True:
        action(tracker)

actions = {
    "log": lambda tracker: tracker.log({"id": 1}),
    "log_batch": lambda tracker: tracker.log_batch([{"id": 1}]),
    "track": lambda tracker: tracker.track(dict, kwargs={"id": 1}),
    "set_value": lambda tracker: tracker.set_value("other", 1),
    "set_params": lambda tracker: tracker.set_params({"q": 1}),
    "flush": lambda tracker: tracker.flush(),
    "to_df": lambda tracker: tracker.to_df(),
}
handled = 0
for number in range(120):
    name = choices.choice(list(actions))
    db = f"{sys.argv[1]}.{number}"
    tracker = Tracker(db, {"p": 1}, timeout=0)
    if name != "log":
        tracker.log({"id": 0})
    try:
        again_and_again(actions[name], choices.uniform(1e-6, 0.01 if name == "log" else 0.002))
    # What is raised in a function that SQLite calls, sqlite3 throws away: then it is a KeyboardInterrupt. And what is
    # raised as garbage is collected, Python tells and ignores: then the next call finds the tracker closed.
    except (SystemExit, KeyboardInterrupt, ClosedError):
        pass
    try:
        tracker.log({})
    except ClosedError:
        pass
    else:
        raise AssertionError(name)
    with Reader(db) as reader:
        assert [row.get("id") for row in reader.to_dicts()].count(2) == 1, name
        assert [run["status"] for run in reader.list_runs()] == ["finished"], name
    assert handled == number + 1, name
"""


@pytest.mark.soak
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers here")
def test_a_handler_that_closes_and_exits_at_any_moment_leaves_all_in_order(db, start, finish, seed):
    finish(start(CLOSING, db, seed))


def forgotten_in(db):
    """A list with a tracker that logged."""
    tracker = Tracker(db, track_id="forgotten", timeout=0)
    tracker.log({"id": 0})
    return [tracker]


@pytest.mark.parametrize(
    "action", [pytest.param(name, marks=[] if name in {"log", "set_value"} else pytest.mark.soak) for name in ACTIONS]
)
def test_a_forgotten_tracker_that_is_collected_anywhere_is_closed(tmp_path, seed, action):
    """It waited a minute for the call in whose middle it was collected, and then its run had crashed."""
    injector = counted(tmp_path, action, seed, lambda db: forgotten_in(db).clear())
    for n in injector.places(4):
        db = tmp_path / f"{n}.db"
        forgotten = forgotten_in(db)
        forgotten.append(forgotten)
        tracker = made(db, action)
        del forgotten
        injector.inject(n, gc.collect, ACTIONS[action], tracker)
        tracker.close()
        gc.collect()
        with Reader(db) as reader:
            assert {run["status"] for run in reader.list_runs()} == {"finished"}, f"place {n}"
        db.unlink()


class Inside:
    """A sink; what it does in the middle of a call that logs is set from outside."""

    def emit(self, row):
        self.act(row)

    def close(self):
        pass


@pytest.fixture
def inside():
    """What is called with each row in the middle of the call that logs it."""
    return Inside()


@pytest.fixture
def tracker(db, inside):
    from xetrack import Provider, hookimpl

    class Plugin:
        @hookimpl
        def xetrack_sinks(self):
            return [Provider("inside", lambda options, context: inside)]

    with Tracker(db, plugins=[Plugin]) as tracker:
        yield tracker


def test_what_cannot_be_logged_is_refused_at_once(tracker, inside):
    refused = []

    def log(row):
        with pytest.raises(InvalidKeyError) as error:
            tracker.log({"track_id": 1})
        refused.append(error)

    inside.act = log
    tracker.log({"id": 1})
    assert len(refused) == 1
    assert len(tracker.to_df()) == 1


def test_what_fails_after_all_is_warned_of(tracker, inside):
    def close_and_log(row):
        tracker.close()
        tracker.log({"id": 2})

    inside.act = close_and_log
    with pytest.warns(XetrackWarning, match="deferred from a signal handler or __del__ failed: ClosedError"):
        tracker.log({"id": 1})


def test_a_sink_that_logs_goes_on_in_other_calls_and_not_for_ever(tracker, inside):
    inside.act = lambda row: tracker.log({"more": 1})
    tracker.log({"id": 1})
    first = len(tracker.to_df())
    tracker.log({"id": 2})
    second = len(tracker.to_df())
    inside.act = lambda row: None
    tracker.close()
    with Reader(tracker.db) as reader:
        rows = reader.to_dicts()
    assert 1 < first < second < 1000
    assert [row.get("id") for row in rows].count(2) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_what_was_put_off_before_a_fork_is_done_once(tracker, inside):
    def log_and_fork(row):
        inside.act = lambda row: None
        tracker.log({"id": 2})
        child = os.fork()
        if not child:
            try:
                run_deferred()
            finally:
                os._exit(0)
        os.waitpid(child, 0)

    inside.act = log_and_fork
    tracker.log({"id": 1})
    assert tracker.to_df()["id"].tolist() == [1, 2]


PREEMPTED = """
tracker = Tracker(sys.argv[1], track_id="run")

def preempted(*_):
    tracker.log({"n": -1})
    tracker.close()
    sys.exit(7)

signal.signal(signal.SIGTERM, preempted)
for number in range(10**9):
    tracker.log({"n": number})
    os.write(1, b"%d\\n" % number)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGTERM to handle here")
@pytest.mark.parametrize("attempt", [0, *(pytest.param(number, marks=pytest.mark.soak) for number in range(1, 5))])
def test_a_handler_of_sigterm_has_the_last_word(db, start, attempt):
    process = start(PREEMPTED, db)
    for _ in range(20 + attempt):
        assert process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 7, process.stderr.read()
    with Reader(db) as reader:
        rows = [row["n"] for row in reader]
        assert rows == [*range(len(rows) - 1), -1]
        assert [run["status"] for run in reader.list_runs()] == ["finished"]


def test_an_interrupt_as_deferred_calls_begin_to_run_does_not_stop_later_ones(tracker, inside, monkeypatch):
    """The mark that a thread runs its deferred calls stayed, and none of that thread ever ran again."""

    class Interrupted(set):
        def add(self, thread):
            super().add(thread)
            raise KeyboardInterrupt

    monkeypatch.setattr(deferral, "_draining", Interrupted())
    inside.act = lambda row: row.get("id") == 1 and tracker.log({"id": 2})
    with pytest.raises(KeyboardInterrupt):
        tracker.log({"id": 1})
    assert not deferral._draining
    monkeypatch.undo()
    tracker.log({"id": 3})
    assert sorted(tracker.to_df()["id"]) == [1, 2, 3]
