"""Ctrl-C, and any other handler of signals that raises, stops a query of the user's."""

import signal
import sqlite3

import pytest

from xetrack import Tracker
from xetrack_testing.interrupts import interrupting

if not hasattr(signal, "ITIMER_VIRTUAL"):
    pytest.skip("there are no timers of the processor's time", allow_module_level=True)

LONG = (
    "WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 40000)"
    " SELECT count(*) FROM numbers a, numbers b"
)
AFTER_A_ROW = f"SELECT 1 UNION ALL SELECT * FROM ({LONG})"
QUERIES = {
    "execute": lambda conn: conn.execute(LONG),
    "executemany": lambda conn: conn.executemany(f"INSERT INTO mine SELECT ? FROM ({LONG})", [(1,)]),
    "executescript": lambda conn: conn.executescript(f"{LONG};"),
    "cursor": lambda conn: conn.cursor().execute(LONG),
    "fetchall": lambda conn: conn.execute(AFTER_A_ROW).fetchall(),
    "fetchmany": lambda conn: conn.execute(AFTER_A_ROW).fetchmany(2),
    "fetchone": lambda conn: [(result := conn.execute(AFTER_A_ROW)).fetchone(), result.fetchone()],
    "next": lambda conn: [next(result := conn.execute(AFTER_A_ROW)), next(result)],
    "iteration": lambda conn: list(conn.execute(AFTER_A_ROW)),
}


class HandlerError(Exception):
    pass


@pytest.fixture
def raising():
    """Has a signal handler raise an error in the middle of the next query."""

    def fail(error):
        raise error

    with interrupting() as arm:
        yield lambda error: arm(lambda: fail(error))


@pytest.fixture
def tracker(tmp_path):
    with Tracker(tmp_path / "track.db") as tracker:
        tracker.log({"x": 1})
        yield tracker


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_a_handler_that_raises_stops_a_query(tracker, raising, query):
    conn = tracker.conn
    conn.execute("CREATE TEMP TABLE mine (a)")
    error = HandlerError()
    error.__cause__ = cause = ValueError("why")
    for _ in range(2):  # again and again
        raising(error)
        with pytest.raises(HandlerError) as caught:
            query(conn)
        assert (caught.value, caught.value.__cause__) == (error, cause)
    assert conn.execute("SELECT x FROM db.events").fetchall() == [(1,)]
    assert not conn.execute("SELECT * FROM mine").fetchall()
    tracker.log({"x": 2})


def test_a_handler_that_does_not_raise_stops_nothing(tracker):
    handled = []
    before = signal.signal(signal.SIGVTALRM, lambda *_: handled.append(1))
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.05)
    try:
        ((counted,),) = tracker.conn.execute(LONG.replace("40000", "5000")).fetchall()
    finally:
        signal.signal(signal.SIGVTALRM, before)
    assert (counted, handled) == (25_000_000, [1])


def test_what_the_user_interrupts_is_told_as_sqlite_tells_it(tracker):
    conn = tracker.conn
    conn.create_function("stop", 0, conn.interrupt)
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        conn.execute(f"SELECT stop() UNION ALL {AFTER_A_ROW}").fetchall()
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        conn.execute("SELECT * FROM none")


def test_a_cursor_of_another_class_leaves_the_connection_usable(tracker, raising):
    class Cursor(sqlite3.Cursor):
        pass

    raising(HandlerError())
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        tracker.conn.cursor(Cursor).execute(LONG)
    assert tracker.conn.execute("SELECT x FROM db.events").fetchall() == [(1,)]
    raising(HandlerError())
    with pytest.raises(HandlerError):
        tracker.conn.execute(LONG)


def test_rows_are_iterated_one_at_a_time(tracker):
    tracker.conn.row_factory = lambda _, row: row[0]
    result = tracker.conn.execute("SELECT NULL UNION ALL SELECT 2 UNION ALL SELECT 3")
    for first in result:
        assert first is None
        break
    assert result.fetchone() == 2
    assert list(result) == [3]
