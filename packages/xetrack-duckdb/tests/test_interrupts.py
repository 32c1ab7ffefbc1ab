"""Ctrl-C, and any other handler of signals that raises, stops a query."""

import gc
import signal
import threading

import pytest

from xetrack import Tracker
from xetrack.errors import XetrackError
from xetrack_duckdb.interrupts import Worker
from xetrack_testing.interrupts import interrupting

if not hasattr(signal, "ITIMER_VIRTUAL"):
    pytest.skip("there are no timers of the processor's time", allow_module_level=True)

LONG = "SELECT sum(a.range * b.range) FROM range({0}) a, range({0}) b"  # DuckDB looks for no signal in it
MINUTES = LONG.format(400_000)
QUERIES = {
    "execute": lambda conn: conn.execute(MINUTES),
    "fetchall": lambda conn: conn.execute(f"SELECT 1 UNION ALL ({MINUTES})").fetchall(),
    "df": lambda conn: conn.execute(f"SELECT 1 UNION ALL ({MINUTES})").df(),
    "executemany": lambda conn: conn.executemany(f"INSERT INTO mine SELECT ? FROM ({MINUTES})", [[1]]),
    "create": lambda conn: conn.sql(f"CREATE TABLE mine2 AS {MINUTES}"),
}


class HandlerError(Exception):
    pass


@pytest.fixture
def handling():
    """Has a function handle a signal in the middle of the next query."""
    with interrupting() as arm:
        yield arm


@pytest.fixture
def tracker(db):
    with Tracker(db, engine="duckdb") as tracker:
        tracker.log({"x": 1})
        tracker.conn.execute("CREATE TABLE mine (a BIGINT)")
        yield tracker


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_a_handler_that_raises_stops_a_query(tracker, handling, query):
    def fail():
        raise HandlerError from ValueError("why")

    for _ in range(2):  # again and again
        handling(fail)
        with pytest.raises(HandlerError) as caught:
            query(tracker.conn)
        assert isinstance(caught.value.__cause__, ValueError)
    assert tracker.conn.execute("SELECT x FROM db.events").fetchall() == [(1,)]
    assert tracker.conn.execute("SELECT * FROM mine").fetchall() == []
    tracker.log({"x": 2})
    assert tracker.conn.execute("SELECT count(*) FROM db.events").fetchone() == (2,)


def test_a_handler_may_query_another_connection(tracker, handling):
    other, found = tracker.conn.cursor(), []

    def handle():
        found.append(other.execute("SELECT x FROM db.events").fetchone())
        with pytest.raises(XetrackError, match=r"use conn\.cursor"):
            tracker.conn.execute("SELECT 1")

    handling(handle)
    tracker.conn.execute(LONG.format(12_000)).fetchall()
    assert found == [(1,)]


def workers():
    return [thread for thread in threading.enumerate() if thread.name.startswith("xetrack-duckdb")]


def test_the_thread_ends_with_its_worker():
    before = set(workers())
    worker = Worker(lambda: None)
    (thread,) = {worker.run(threading.current_thread)}
    assert thread in set(workers()) - before
    with pytest.raises(ZeroDivisionError):
        worker.run(lambda: 1 / 0)
    del worker
    gc.collect()
    thread.join(300)
    assert not thread.is_alive()


def test_other_threads_make_their_calls_themselves():
    worker, found = Worker(lambda: None), []
    thread = threading.Thread(target=lambda: found.append(worker.run(threading.current_thread)))
    thread.start()
    thread.join()
    assert found == [thread]


def test_a_query_runs_once_where_no_thread_can_be_started(monkeypatch):
    def fail(thread):
        refused.append(thread)
        raise RuntimeError("can't start new thread")

    worker, found, refused = Worker(lambda: None), [], []
    with monkeypatch.context() as failing:
        failing.setattr(threading.Thread, "start", fail)
        worker.run(lambda: found.append("first"))
    worker.run(lambda: found.append("second"))
    assert len(refused) == 1
    assert found == ["first", "second"]
