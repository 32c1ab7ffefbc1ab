"""What a tracker or reader hands out works for as long as somebody holds it, and leaves nothing behind."""

import gc
import weakref

import duckdb
import pytest

from xetrack import Reader, Tracker
from xetrack.errors import OptionError


@pytest.fixture(autouse=True)
def no_collections():
    """Garbage in cycles stays: what is closed here is closed as soon as nobody holds it."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def db(tmp_path):
    path = tmp_path / "track.db"
    Tracker(path).log({"n": 1})
    return path


QUERIES = {
    "connection": lambda conn: conn.execute("SELECT n FROM db.events").fetchall(),
    "cursor": lambda conn: conn.cursor().execute("SELECT n FROM db.events").fetchall(),
    "relation": lambda conn: conn.sql("SELECT n FROM db.events").fetchall(),
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
@pytest.mark.parametrize("kind", [Tracker, Reader])
def test_a_query_in_one_line(db, kind, query):
    found = query(kind(db, engine="duckdb").conn)  # within assert, pytest would hold the tracker
    assert found == [(1,)]


def relations_keep_their_connection():
    """Whether they do in this release of DuckDB; in 1.2 they do not."""
    relation = duckdb.connect().sql("SELECT 1")
    try:
        return relation.fetchall() == [(1,)]
    except duckdb.ConnectionException:
        return False


@pytest.mark.skipif(not relations_keep_their_connection(), reason="relations of this DuckDB end with their connection")
@pytest.mark.parametrize("kind", [Tracker, Reader])
def test_a_relation_kept_by_itself(db, kind):
    relation = kind(db, engine="duckdb").conn.sql("SELECT n FROM db.events")

    assert relation.fetchall() == [(1,)]


@pytest.mark.parametrize("db", ["new/track.db", Tracker.IN_MEMORY])
def test_a_query_in_one_line_before_there_are_rows(tmp_path, monkeypatch, db):
    monkeypatch.chdir(tmp_path)

    found = Tracker(db, engine="duckdb").conn.execute("SELECT 42").fetchall()
    found += Tracker(db, engine="duckdb").conn.cursor().execute("SELECT 42").fetchall()
    assert found == [(42,), (42,)]


def test_the_connection_of_a_forgotten_tracker_goes_on_until_it_is_let_go(db):
    tracker = Tracker(db, engine="duckdb", track_id="second")
    tracker.log({"n": 2})
    conn = tracker.conn
    database = weakref.ref(tracker.engine.database)
    del tracker

    assert next((run["track_id"], run["status"]) for run in Reader(db).list_runs()) == ("second", "finished")
    assert conn.execute("SELECT n FROM db.events").fetchall() == [(1,), (2,)]
    Tracker(db).log({"n": 3})
    assert conn.execute("SELECT n FROM db.events").fetchall() == [(1,), (2,), (3,)]
    del conn
    assert database() is None
    assert [each.name for each in db.parent.iterdir()] == [db.name]


@pytest.mark.parametrize("kind", [Tracker, Reader])
def test_forgotten_ones_are_closed_at_once_and_leave_no_files(db, tmp_path, kind):
    folder = tmp_path / "temporary" / "new"
    one = kind(db, engine="duckdb", temp_directory=folder)
    one.conn.execute("SELECT n FROM db.events").fetchall()
    database = weakref.ref(one.engine.database)
    del one

    assert database() is None
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("kind", [Tracker, Reader])
def test_the_file_of_copies_is_free_again_once_nobody_uses_it(db, kind):
    for _ in range(2):  # a warning that it is in use would be an error
        one = kind(db, engine="duckdb", duckdb_cache=True)
        assert one.conn.execute("SELECT n FROM db.events").fetchall() == [(1,)]
        del one


@pytest.mark.parametrize(
    ("chosen", "cure"), [("false", "Use True, False, or ./false"), ("True", "./True"), (1, "a path, True or False")]
)
def test_a_file_of_copies_that_was_not_meant_is_refused(db, chosen, cure):
    with pytest.raises(OptionError, match=cure):
        Reader(db, engine="duckdb", duckdb_cache=chosen)
    assert [each.name for each in db.parent.iterdir()] == [db.name]


def test_the_file_of_copies_may_be_in_a_new_folder(db, tmp_path):
    chosen = tmp_path / "copies" / "new" / "x.duckdb"
    with Reader(db, engine="duckdb", duckdb_cache=chosen) as reader:
        assert reader.conn.execute("SELECT n FROM db.events").fetchall() == [(1,)]

    assert chosen.exists()
