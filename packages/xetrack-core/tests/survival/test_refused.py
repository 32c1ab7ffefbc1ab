"""Disks, folders, files and locks that do not let us: an error of ours, and what was there before still is."""

import os
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from xetrack import Reader, Tracker
from xetrack.errors import (
    DatabaseError,
    DatabaseLockedError,
    DatabaseNotFoundError,
    DatabaseReadOnlyError,
    NotADatabaseError,
    XetrackError,
)

LIMITED = """
import resource
tracker = Tracker(sys.argv[1], track_id="run")
tracker.log({"n": 0})
limit = os.path.getsize(sys.argv[1] + "-wal") + 100_000  # no file may grow beyond this
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
logged = 1
try:
    while logged < 10_000:
        tracker.log({"n": logged, "text": "x" * 1000})
        logged += 1
except Exception as error:
    print(type(error).__name__, logged, flush=True)
os._exit(0)
"""


def fill_up(tracker: Tracker) -> None:
    """Let the disk have no room for another page."""
    ((pages,),) = tracker.conn.execute("PRAGMA db.page_count").fetchall()
    tracker.engine.database.connection().execute(f"PRAGMA db.max_page_count = {pages}")


@pytest.mark.parametrize("many", [False, True], ids=["log", "log_batch"])
def test_a_full_disk_is_an_error_that_says_so_and_stores_nothing(db, integrity, many):
    with Tracker(db) as tracker:
        tracker.log({"n": 0, "text": ""})
        fill_up(tracker)
        too_much = [{"n": number, "text": "x" * 5000} for number in range(1, 50)]
        with pytest.raises(DatabaseError, match="disk is full; nothing of this call was stored"):
            tracker.log_batch(too_much) if many else tracker.log({"n": 1, "text": "x" * 100_000})
        assert [row["n"] for row in tracker] == [0]
        tracker.engine.database.connection().execute("PRAGMA db.max_page_count = 100000")
        tracker.log({"n": 1, "text": "room again"})
        assert [row["n"] for row in tracker] == [0, 1]
    assert integrity(db) == "ok"


def test_a_full_disk_at_the_first_row_leaves_no_run(db):
    with Tracker(db) as other:
        other.log({"n": 0})
        with Tracker(db) as tracker:
            fill_up(tracker)
            with pytest.raises(DatabaseError, match="disk is full"):
                tracker.log({"text": "x" * 100_000})
    with Reader(db) as reader:
        assert list(reader.runs()["track_id"]) == [other.track_id]


def test_a_full_disk_does_not_store_part_of_a_value_set_everywhere(db):
    with Tracker(db) as tracker:
        tracker.log_batch([{"n": number} for number in range(100)])
        fill_up(tracker)
        with pytest.raises(DatabaseError, match="disk is full"):
            tracker.set_value("text", "x" * 5000)
        assert [row.get("text") for row in tracker] == [None] * 100


@pytest.mark.skipif(os.name == "nt", reason="there are no resource limits here")
def test_a_file_that_cannot_grow_keeps_every_row_that_was_acknowledged(db, start, finish, integrity):
    error, logged = finish(start(LIMITED, db)).split()
    assert error == "DatabaseError"
    with Reader(db) as reader:
        assert [row["n"] for row in reader] == list(range(int(logged)))
    assert integrity(db) == "ok"
    with Tracker(db, track_id="run") as tracker:
        tracker.log({"n": -1})


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc here")
@pytest.mark.parametrize("path", ["/proc/track.db", "/proc/new/folder/track.db"])
def test_a_place_that_cannot_be_written_is_an_error_that_says_so(path):
    with pytest.raises(DatabaseReadOnlyError, match="/proc"):
        Tracker(path).log({"x": 1})


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_cannot_be_written_is_an_error_that_says_so(db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
    db.chmod(0o444)
    db.parent.chmod(0o555)
    try:
        with pytest.raises(DatabaseReadOnlyError):
            Tracker(db).log({"x": 2})
        with Reader(db) as reader:
            assert list(reader["x"]) == [1]
    finally:
        db.parent.chmod(0o755)


@pytest.mark.parametrize("use", [Tracker, Reader])
def test_a_folder_is_no_database(tmp_path, use):
    with pytest.raises(NotADatabaseError, match="is a folder"):
        use(tmp_path)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("text")
    with pytest.raises(NotADatabaseError, match="not a folder"):
        Tracker(tmp_path / "file" / "track.db")


def test_a_file_that_is_not_there_cannot_be_read(db):
    with pytest.raises(DatabaseNotFoundError, match=r"track\.db"):
        Reader(db)
    assert list(db.parent.iterdir()) == []


@pytest.mark.parametrize("use", [Tracker, Reader])
@pytest.mark.parametrize("text", ["just a text\n" * 100, "x", "SQLite format 3"], ids=["long", "short", "almost"])
def test_a_file_in_another_format_is_refused_and_kept(db, use, text):
    db.write_text(text)
    with pytest.raises(NotADatabaseError, match=r"track\.db"):
        use(db)
    assert db.read_text() == text
    assert [path.name for path in db.parent.iterdir()] == ["track.db"]


@pytest.mark.parametrize(
    "use", [lambda db: Tracker(db).log({"x": 1}), lambda db: Reader(db).to_df()], ids=["log", "read"]
)
@pytest.mark.parametrize("seed", range(5))
def test_random_bytes_after_a_valid_header_are_refused_and_kept(db, use, seed):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
    damaged = db.read_bytes()[:100] + random.Random(seed).randbytes(db.stat().st_size - 100)
    db.write_bytes(damaged)
    with pytest.raises(DatabaseError, match=r"track\.db"):
        use(db)
    assert db.read_bytes() == damaged


def test_a_page_of_rows_that_is_damaged_is_an_error_of_ours(db):
    with Tracker(db) as tracker:
        tracker.log_batch([{"text": "x" * 1000} for _ in range(100)])
    whole = db.read_bytes()
    db.write_bytes(whole[:40_960] + b"\xff" * 8192 + whole[49_152:])
    with Reader(db) as reader, pytest.raises(DatabaseError, match="damaged"):
        reader.to_df()


def test_a_schema_that_is_no_text_any_more_is_an_error_of_ours(db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
    whole = db.read_bytes()
    assert b"triggerxetrack_" in whole
    db.write_bytes(whole.replace(b"triggerxetrack_", b"triggerxetrac\xbb_"))
    for use in (Reader, Tracker):
        with pytest.raises(NotADatabaseError, match=r"track\.db: the file is damaged"):
            use(db)


@pytest.mark.parametrize("use", [Tracker, Reader])
def test_a_database_in_utf_16_is_refused(db, use):
    with closing(sqlite3.connect(db)) as theirs:
        theirs.execute("PRAGMA encoding = 'UTF-16'")
        theirs.execute("CREATE TABLE theirs (x)")
    before = db.read_bytes()
    with pytest.raises(NotADatabaseError, match=r"track\.db: its text is in UTF-16"):
        use(db)
    assert db.read_bytes() == before


def test_a_file_cut_short_is_an_error_of_ours(db):
    with Tracker(db) as tracker:
        tracker.log_batch([{"text": "x" * 1000} for _ in range(100)])
    db.write_bytes(db.read_bytes()[:20_000])
    with pytest.raises(XetrackError), Reader(db) as reader:
        reader.to_df()


@pytest.mark.parametrize(
    "write",
    [
        lambda tracker: tracker.log({"n": 1}),
        lambda tracker: tracker.log_batch([{"n": 1}, {"n": 2}]),
        lambda tracker: tracker.set_value("n", 9),
    ],
    ids=["log", "log_batch", "set_value"],
)
def test_a_locked_database_is_an_error_that_says_so_and_changes_nothing(db, write):
    with Tracker(db, timeout=0.2) as tracker:
        tracker.log({"n": 0})
        with closing(sqlite3.connect(db, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(DatabaseLockedError, match="timeout="):
                write(tracker)
            other.execute("ROLLBACK")
        assert [row["n"] for row in tracker] == [0]
        tracker.log({"n": 1})
        assert [row["n"] for row in tracker] == [0, 1]


def test_a_database_locked_for_reading_and_writing_is_an_error_that_says_so(db):
    with Tracker(db) as tracker:
        tracker.log({"n": 0})
    with closing(sqlite3.connect(db, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseLockedError, match="timeout="):
            Tracker(db, timeout=0.2)
        with pytest.raises(DatabaseLockedError, match="timeout="):
            Reader(db, timeout=0.2)
        other.execute("ROLLBACK")
    with Reader(db) as reader:
        assert list(reader["n"]) == [0]


def test_a_tracker_whose_end_is_locked_out_still_has_every_row(db):
    tracker = Tracker(db, timeout=0.2)
    tracker.log({"n": 0})
    with closing(sqlite3.connect(db, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseLockedError):
            tracker.close()
        other.execute("ROLLBACK")
    tracker.close()
    with Reader(db) as reader:
        assert list(reader["n"]) == [0]


def test_a_file_of_two_names_is_not_written(db):
    """SQLite keeps a log beside each name: writers under both overwrite each other's rows."""
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
    other = db.with_name("other.db")
    other.hardlink_to(db)

    for name in (db, other):
        with pytest.raises(DatabaseError, match="hard link"):
            Tracker(name)
    with Reader(other) as reader:
        assert len(reader) == 1

    other.unlink()
    with Tracker(db) as tracker:
        tracker.log({"x": 2})


def spoil(db, statement):
    connection = sqlite3.connect(db)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_text_that_is_no_json_in_a_column_of_json_is_read_as_text(db):
    with Tracker(db) as tracker:
        tracker.log_batch([{"sizes": [1]}, {"sizes": [2]}, {"sizes": [3]}])
    spoil(db, "UPDATE events SET sizes = '[1, ' WHERE _rowid_ = 2")
    spoil(db, f"UPDATE events SET sizes = '{'[' * 100_000}' WHERE _rowid_ = 3")
    with Reader(db) as reader:
        for values in ([row["sizes"] for row in reader], reader.to_df()["sizes"].tolist()):
            assert values == [[1], "[1, ", "[" * 100_000]


@pytest.mark.parametrize(
    "extra", ["{", "[]", "7", '{"x": {}}', '{"x": {"bytes": 1}}', '{"x": {"float": "y"}}', "[" * 9999]
)
def test_what_cannot_be_read_beside_the_columns_is_an_error_of_ours(db, extra):
    with Tracker(db) as tracker:
        tracker.log({"x": float("nan")})
    spoil(db, f"UPDATE events SET xetrack_extra = '{extra}'")
    with Reader(db) as reader, pytest.raises(NotADatabaseError, match="the file is damaged"):
        reader.to_df()
