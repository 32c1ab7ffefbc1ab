"""A database removed, moved or replaced while open raises an error, and the next file at its path is safe."""

import os
import pickle
import shutil
import sqlite3
import sys
import time
from contextlib import closing, suppress

import pytest

from xetrack import Reader, Tracker
from xetrack._sqlite import file_identity
from xetrack.errors import ClosedError, DatabaseRemovedError, XetrackWarning

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody remove an open file")

REMOVED = r"track\.db was removed or moved since it was opened\. Nothing of this call was stored\. Put it back"
REPLACED = r"track\.db was replaced by another file since it was opened\. Nothing of this call was stored\. Make a new"


def rows(db):
    """Return what another program reads from the file and its log, without changing them."""
    with closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [x for (x,) in connection.execute("SELECT x FROM events ORDER BY _rowid_")]


def make(db, *values):
    with Tracker(db) as tracker:
        tracker.log_batch([{"x": value} for value in values])
    return db


def remove(db):
    db.unlink()


def move(db):
    db.rename(db.with_name("moved.db"))


def remove_folder(db):
    shutil.rmtree(db.parent)


def move_folder(db):
    db.parent.rename(db.parent.with_name("elsewhere"))


def replace(db):
    make(db.with_name("new.db"), -1).replace(db)


def replace_folder(db):
    shutil.rmtree(db.parent)
    db.parent.write_text("a file where the folder was")


@pytest.fixture(autouse=True)
def look_each_time(monkeypatch):
    """Check the paths at every call."""
    monkeypatch.setattr(file_identity, "_EVERY", 0.0)


@pytest.fixture
def db(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder / "track.db"


@pytest.fixture
def tracker(db):
    tracker = Tracker(db)
    tracker.log({"x": "old"})
    yield tracker
    with suppress(DatabaseRemovedError):  # raised by close() if no earlier call did
        tracker.close()


CALLS = {
    "log": lambda tracker: tracker.log({"x": 1}),
    "log, other columns": lambda tracker: tracker.log({"y": 1}),
    "log_batch": lambda tracker: tracker.log_batch([{"x": 1}, {"x": 2}]),
    "track": lambda tracker: tracker.track(len, "text"),
    "set_value": lambda tracker: tracker.set_value("x", 1),
    "set_where": lambda tracker: tracker.set_where("x", 1, "x", "old"),
    "to_df": lambda tracker: tracker.to_df(),
    "len": len,
    "SQL": lambda tracker: tracker.conn.execute("SELECT * FROM db.events"),
    "flush": lambda tracker: tracker.flush(),
    "another run": lambda tracker: tracker.engine.latest_run("events"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(("change", "told"), [(remove, REMOVED), (replace, REPLACED)])
def test_every_call_says_that_the_file_is_gone(db, tracker, call, change, told):
    change(db)

    with pytest.raises(DatabaseRemovedError, match=told):
        call(tracker)


@pytest.mark.parametrize("change", [move, remove_folder, move_folder, replace_folder])
def test_the_file_may_go_in_many_ways(db, tracker, change):
    change(db)

    with pytest.raises(DatabaseRemovedError, match=REMOVED):
        tracker.log({"x": 1})
    with pytest.raises(FileNotFoundError):
        tracker.log({"x": 1})


def test_a_connection_that_the_user_kept_says_so_too(db, tracker):
    conn = tracker.conn
    remove(db)

    with pytest.raises(DatabaseRemovedError):
        conn.execute("SELECT * FROM db.events")


def test_a_file_that_is_put_back_is_used_again(db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
        move(db)
        with pytest.raises(DatabaseRemovedError):
            tracker.log({"x": 2})
        db.with_name("moved.db").rename(db)
        tracker.log({"x": 3})

    assert rows(db) == [1, 3]
    assert Reader(db).list_runs()[0]["status"] == "finished"


def test_a_file_that_is_removed_inside_a_transaction_takes_no_row(db, tracker):
    with pytest.raises(DatabaseRemovedError), tracker.engine.transaction():  # noqa: PT012 - removed in the middle
        tracker.log({"x": 1})
        move(db)
    db.with_name("moved.db").rename(db)

    assert [row["x"] for row in tracker] == ["old"]


def test_a_link_that_is_led_elsewhere_changes_nothing(tmp_path):
    first, second, link = tmp_path / "first.db", make(tmp_path / "second.db", 0), tmp_path / "link.db"
    link.symlink_to(first)
    with Tracker(link) as tracker:
        tracker.log({"x": 1})
        link.unlink()
        link.symlink_to(second)
        tracker.log({"x": 2})

    assert (rows(first), rows(second)) == ([1, 2], [0])


# The next file


@pytest.mark.parametrize("change", [remove, move, replace])
@pytest.mark.parametrize("logged", [1, 4200])  # with 4,200 rows the index of the log has a second page
def test_the_next_tracker_is_safe_from_the_one_before(db, change, logged):
    old = Tracker(db)
    for number in range(logged):
        old.log({"x": number})
    change(db)
    there = [-1] if change is replace else []

    new = Tracker(db)
    for number in range(20):
        new.log({"x": number})
    with pytest.raises(DatabaseRemovedError, match=REPLACED):
        old.log({"x": 1})
    assert rows(db) == [*there, *range(20)]
    old.close()

    assert rows(db) == [*there, *range(20)]
    new.log({"x": 20})
    assert rows(db) == [*there, *range(21)]
    new.close()
    assert rows(db) == [*there, *range(21)]
    if change is move:
        assert rows(db.with_name("moved.db")) == [*range(logged)]


def test_the_next_tracker_may_be_of_another_process(db, start, finish):
    """It creates its own log and index, while this process keeps those of the removed file open."""
    old = Tracker(db)
    for number in range(100):
        old.log({"x": number})
    remove(db)
    again = """
    tracker = Tracker(sys.argv[1])
    for number in range(20):
        tracker.log({"x": number})
    print("logged", flush=True)
    sys.stdin.readline()
    tracker.log({"x": 20})
    os._exit(0)
    """
    process = start(again, db)
    assert process.stdout.readline() == "logged\n"
    with pytest.raises(DatabaseRemovedError, match=REPLACED):
        old.log({"x": 1})
    old.close()
    process.stdin.write("\n")
    finish(process)

    assert rows(db) == [*range(21)]


def test_a_log_that_another_process_took_with_the_new_file_is_left_to_it(db, start, finish):
    """SQLite pairs a file that replaced another with the old log. The old tracker must leave that log alone."""
    old = Tracker(db)
    old.log({"x": 6})
    replace(db)
    process = start(
        """
        tracker = Tracker(sys.argv[1])
        tracker.log({"x": 7})
        print("logged", flush=True)
        sys.stdin.readline()
        os._exit(0)
        """,
        db,
    )
    assert process.stdout.readline() == "logged\n"
    with pytest.raises(DatabaseRemovedError):
        old.log({"x": 1})
    old.close()
    process.stdin.write("\n")
    finish(process)

    assert rows(db)[-1] == 7


def test_rows_of_a_moved_file_that_were_only_in_the_log_are_moved_into_it(db):
    tracker = Tracker(db)
    tracker.log_batch([{"x": number} for number in range(10)])
    move(db)
    with pytest.raises(DatabaseRemovedError):
        tracker.close()

    assert rows(db.with_name("moved.db")) == [*range(10)]
    db.with_name("moved.db").rename(db)
    assert rows(db) == [*range(10)]


# Ends


def test_close_looks_however_old_the_last_look_is(db, monkeypatch):
    monkeypatch.setattr(file_identity, "_EVERY", 3600.0)
    tracker = Tracker(db)
    tracker.log({"x": 1})
    remove(db)

    tracker.log({"x": 2})
    with pytest.raises(DatabaseRemovedError, match=REMOVED):
        tracker.close()


def test_close_says_it_once_and_closes_everything(db):
    tracker = Tracker(db)
    tracker.log({"x": 1})
    remove(db)

    with pytest.raises(DatabaseRemovedError, match=REMOVED):
        tracker.close()
    tracker.close()
    with pytest.raises(ClosedError):
        tracker.flush()


def test_a_block_ends_with_the_error_of_its_body(db):
    with pytest.raises(DatabaseRemovedError) as raised, Tracker(db) as tracker:  # noqa: PT012 - removed in the middle
        tracker.log({"x": 1})
        remove(db)
        tracker.log({"x": 2})

    assert raised.value.__context__ is None


def test_a_tracker_without_rows_has_nothing_to_say(db):
    make(db, 1)
    tracker, reader = Tracker(db), Reader(db)
    remove(db)
    tracker.close()
    reader.close()

    assert not db.exists()


def test_at_exit_each_tracker_says_it_and_the_others_are_closed(tmp_path, start):
    script = """
    folder = sys.argv[1]
    trackers = [Tracker(f"{folder}/{name}.db") for name in "abc"]
    for tracker in trackers:
        tracker.log({"x": 1})
    os.remove(f"{folder}/a.db")
    os.remove(f"{folder}/b.db")
    """
    process = start(script, tmp_path)
    _, told = process.communicate()

    assert told.count("a.db was removed or moved") == told.count("b.db was removed or moved") == 1
    assert "Traceback" not in told
    assert Reader(tmp_path / "c.db").list_runs()[0]["status"] == "finished"
    assert not (tmp_path / "a.db").exists()


def test_a_forgotten_tracker_of_a_removed_file_warns(db):
    tracker = Tracker(db)
    tracker.log({"x": 1})
    remove(db)
    with pytest.warns(XetrackWarning, match="removed or moved"):
        del tracker


# Readers, forks, pickles


@pytest.mark.parametrize(("change", "told"), [(remove, "was removed or moved"), (replace, "was replaced")])
def test_a_reader_does_not_mix_two_files(db, change, told):
    make(db, 1)
    with Reader(db) as reader:
        assert len(reader) == 1
        change(db)
        for read in (len, Reader.to_dicts, Reader.list_runs, lambda each: each.conn.execute("SELECT 1")):
            with pytest.raises(DatabaseRemovedError, match=rf"{told}.* Nothing was read\..* new Reader"):
                read(reader)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_both_sides_of_a_fork_notice(db, start, finish):
    script = """
    from xetrack._sqlite import file_identity
    file_identity._EVERY = 0.0
    tracker = Tracker(sys.argv[1])
    tracker.log({"x": 1})
    if not os.fork():
        os.remove(sys.argv[1])
        try:
            tracker.log({"x": 2})
        except FileNotFoundError as error:
            os.write(1, type(error).__name__.encode() + b" in the child\\n")
        os._exit(0)
    os.wait()
    try:
        len(tracker)
    except FileNotFoundError as error:
        print(type(error).__name__, "in the parent")
    """
    assert finish(start(script, db)).splitlines() == [
        "DatabaseRemovedError in the child",
        "DatabaseRemovedError in the parent",
    ]
    assert not db.exists()


def test_a_pickled_tracker_begins_with_the_file_that_is_there(db, tracker):
    remove(db)
    with closing(pickle.loads(pickle.dumps(tracker))) as again:  # noqa: S301 - our own
        again.log({"x": "again"})

    assert rows(db) == ["again"]


# The log and its index


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_a_log_that_is_removed_is_noticed_and_its_rows_are_kept(db, suffix):
    tracker = Tracker(db)
    tracker.log({"x": 1})
    db.with_name(f"{db.name}{suffix}").unlink()

    with pytest.raises(DatabaseRemovedError, match=rf"{suffix} was removed while in use\. .* Close the tracker"):
        tracker.log({"x": 2})
    tracker.close()

    assert rows(db) == [1]


def test_a_tight_loop_is_told_within_a_moment(db, monkeypatch):
    """Rows logged until then are in the moved file."""
    monkeypatch.undo()
    tracker = Tracker(db)
    tracker.log({"x": 1})
    move(db)
    logged, until = 1, time.monotonic() + 60

    with pytest.raises(DatabaseRemovedError):  # noqa: PT012 - which call raises depends on time
        while time.monotonic() < until:
            tracker.log({"x": 1})
            logged += 1
    tracker.close()

    assert len(rows(db.with_name("moved.db"))) == logged


def test_a_folder_that_may_not_be_searched_is_no_sign_of_a_removed_file(db, monkeypatch):
    """Root may search every folder, so the refusal is simulated."""

    def refuse(path):
        raise PermissionError(path)

    identity = file_identity.FileIdentity(str(make(db, 1)), read_only=False)
    monkeypatch.setattr(file_identity.os, "stat", refuse)

    identity.check()
    assert not identity.is_lost
    assert not identity.is_shared
