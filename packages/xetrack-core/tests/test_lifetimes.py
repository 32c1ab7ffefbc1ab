"""What a tracker or reader hands out works for as long as somebody holds it, and keeps nothing longer."""

import gc
import shutil
import subprocess
import sys
import weakref
from textwrap import dedent

import pytest

from xetrack import Provider, Reader, Tracker, hookimpl
from xetrack.errors import ClosedError
from xetrack.plugin import MemoryEngine


@pytest.fixture(autouse=True)
def no_collections():
    """Garbage in cycles stays: what is closed here is closed as soon as nobody holds it.

    But for connections that users hold last: `sqlite3` keeps each of its connections in a cycle.
    """
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "track.db"


def statuses(path):
    with Reader(path) as reader:
        return [run["status"] for run in reader.list_runs()]


def count(numbers):
    yield from range(numbers)


QUERIES = {
    "connection": lambda conn: conn.execute("SELECT 42").fetchall(),
    "cursor": lambda conn: conn.cursor().execute("SELECT 42").fetchall(),
    "half-read result": lambda conn: list(conn.execute("SELECT 42")),
    "many": lambda conn: (
        conn.executescript("CREATE TABLE mine (a); INSERT INTO mine VALUES (42)")
        .execute("SELECT a FROM mine")
        .fetchall()
    ),
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
@pytest.mark.parametrize("db", ["track.db", Tracker.IN_MEMORY])
def test_the_connection_of_a_tracker_in_one_line(tmp_path, monkeypatch, db, query):
    monkeypatch.chdir(tmp_path)

    found = query(Tracker(db).conn)  # within assert, pytest would hold the tracker
    assert found == [(42,)]


def test_the_connection_of_a_forgotten_tracker_goes_on_until_it_is_let_go(path, tmp_path):
    tracker = Tracker(path)
    tracker.log({"x": 1})
    conn = tracker.conn
    database = weakref.ref(conn.check.__self__)
    del tracker

    assert statuses(path) == ["finished"]
    assert Reader(shutil.copy(path, tmp_path / "copy.db")).to_dicts()[0]["x"] == 1  # the file is whole already
    assert conn.execute("SELECT x FROM db.events").fetchall() == [(1,)]
    conn.execute("UPDATE db.events SET x = 2")
    del conn
    gc.collect()
    assert database() is None
    assert sorted(each.name for each in path.parent.iterdir()) == ["copy.db", path.name]
    assert Reader(path).to_dicts()[0]["x"] == 2


def test_a_cursor_alone_keeps_the_database_open(path):
    tracker = Tracker(path)
    tracker.log_batch([{"x": number} for number in range(10)])
    cursor = tracker.conn.execute("SELECT x FROM db.events")
    assert cursor.fetchone() == (0,)
    del tracker

    assert [x for (x,) in cursor] == list(range(1, 10))
    del cursor
    gc.collect()
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_forgotten_tracker_is_closed_at_once_whatever_it_handed_out_before(path):
    tracker = Tracker(path)
    tracker.log({"x": 1})
    tracker.conn.execute("SELECT x FROM db.events").fetchall()
    list(tracker.track(count, 3))
    list(tracker)
    database = weakref.ref(tracker.engine.database)
    del tracker

    assert database() is None
    assert statuses(path) == ["finished"]
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_the_memory_of_a_forgotten_tracker_is_free_at_once():
    tracker = Tracker(Tracker.IN_MEMORY)
    tracker.log({"x": 1})
    tracker.conn.execute("SELECT x FROM db.events").fetchall()
    conn = weakref.ref(tracker.conn)
    del tracker

    assert conn() is None


def test_a_forgotten_reader_is_closed_at_once_whatever_it_handed_out_before(path):
    Tracker(path).log({"x": 1})
    reader = Reader(path)
    reader.conn.execute("SELECT x FROM db.events").fetchall()
    database = weakref.ref(reader.engine.database)
    del reader

    assert database() is None


def test_the_connection_is_the_same_one_each_time(path):
    tracker = Tracker(path)
    tracker.conn.execute("CREATE TEMP TABLE mine (x)")

    assert tracker.conn.execute("SELECT * FROM mine").fetchall() == []
    assert tracker.conn is tracker.conn


@pytest.mark.parametrize("first", ["tracker", "connection"])
def test_closing_both_tracker_and_connection_while_a_result_is_half_read(path, first):
    tracker = Tracker(path)
    tracker.log_batch([{"x": number} for number in range(10)])
    conn = tracker.conn
    cursor = conn.execute("SELECT x FROM db.events")
    assert cursor.fetchone() == (0,)
    for each in (tracker, conn) if first == "tracker" else (conn, tracker):
        each.close()
        each.close()
    del tracker, each, conn  # raises nothing


def test_closing_takes_the_connection_along(path):
    tracker = Tracker(path)
    conn = tracker.conn
    tracker.close()

    with pytest.raises(Exception, match="closed"):
        conn.execute("SELECT 1")
    with pytest.raises(ClosedError):
        _ = tracker.conn


@pytest.mark.parametrize("db", ["track.db", Tracker.IN_MEMORY])
def test_a_tracker_in_a_cycle_with_all_that_it_handed_out_ends_its_run_and_closes(tmp_path, monkeypatch, db):
    """In a cycle, `__del__` of the connection or the database could run before the end of the run."""
    monkeypatch.chdir(tmp_path)
    ended = []

    class Heard:
        @hookimpl
        def xetrack_run_finished(self, status):
            ended.append(status)

    tracker = Tracker(db, plugins=[Heard])
    tracker.log({"x": 1})
    cycle = [tracker, tracker.conn, tracker.engine, tracker.engine.database, tracker.params]
    cycle.append(cycle)
    del tracker, cycle
    assert ended == []
    gc.collect()
    assert ended == ["finished"]
    gc.collect()  # the connection is in a cycle with its own statements

    if db != Tracker.IN_MEMORY:
        assert statuses(db) == ["finished"]
        assert [each.name for each in tmp_path.iterdir()] == [db]


def test_wrapped_functions_and_generators_keep_their_tracker(path):
    wrapped = Tracker(path, track_id="wrapped").wrap(abs)
    items = Tracker(path, track_id="items").track(count, 3)

    assert wrapped(-1) == 1
    assert list(items) == [0, 1, 2]
    del wrapped, items
    assert [(run["track_id"], run["status"], run["rows"]) for run in Reader(path).list_runs()] == [
        ("items", "finished", 1),
        ("wrapped", "finished", 1),
    ]


def test_the_engine_of_a_forgotten_tracker(path):
    Tracker(path).log({"x": 1})

    counted = [Tracker(path).engine.count("events"), Tracker(path, engine="memory").engine.count("events")]
    assert counted == [1, 0]


def test_an_engine_that_cannot_close_by_itself_is_closed_with_a_forgotten_tracker(path):
    closed = []

    class Closing(MemoryEngine):
        let_go = None

        def close(self):
            closed.append(self)

    class Brings:
        @hookimpl
        def xetrack_engines(self):
            return [Provider("closing", lambda options, context: Closing())]

    Tracker(path, engine="closing", plugins=[Brings])

    assert len(closed) == 1


def test_what_a_script_holds_at_its_end_leaves_the_file_whole(tmp_path):
    script = """
    from xetrack import Tracker
    conn = Tracker("a.db", track_id="first").conn
    conn.execute("CREATE TABLE db.mine (x)")
    tracker = Tracker("a.db")
    tracker.log({"x": 1})
    again = tracker.conn
    del tracker
    """
    command = [sys.executable, "-W", "error", "-c", dedent(script)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False, timeout=60)

    assert (done.returncode, done.stderr) == (0, "")
    assert [each.name for each in tmp_path.iterdir()] == ["a.db"]
    assert statuses(tmp_path / "a.db") == ["finished"]
