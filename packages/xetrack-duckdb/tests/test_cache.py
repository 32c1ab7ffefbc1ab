"""The copy that is kept in a file: found again, never stale, shared by nobody, and worth nothing more than time."""

import shutil
import signal
import sqlite3
from contextlib import closing

import pytest

from xetrack import Reader, Tracker, XetrackWarning
from xetrack_duckdb.storage import Storage


@pytest.fixture
def filled(db):
    """A database of three runs whose copy was kept."""
    for run in "abc":
        with Tracker(db, engine="duckdb", track_id=run, duckdb_cache=True) as tracker:
            tracker.log_batch([{"n": number, "x": number / 2, "mix": number or "none"} for number in range(40)])
            if run != "b":
                tracker.set_value("score", 0.5)
    with Reader(db, engine="duckdb", duckdb_cache=True) as reader:
        assert reader.conn.execute("SELECT count(*) FROM db.events").fetchone() == (120,)
    assert db.with_name("track.db.duckdb").exists()
    return db


def sql(path, *statements):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_it_is_found_again(filled, scratches, check):
    with Reader(filled, engine="duckdb", duckdb_cache=True) as reader:
        check(reader)

    assert scratches == []


def test_it_may_be_anywhere(filled, tmp_path, scratches, check):
    for _ in range(2):
        with Reader(filled, engine="duckdb", duckdb_cache=tmp_path / "deep" / "er" / "copy.duckdb") as reader:
            check(reader)

    assert scratches == ["events"]


MEANWHILE = {
    "rows were added": (lambda db: Tracker(db, track_id="d").log({"n": 1}), []),
    "a column was added": (lambda db: Tracker(db, track_id="d").log({"later": 1}), []),
    "the last run was changed": (lambda db: sql(db, "UPDATE events SET x = 9 WHERE track_id = 'c'"), ["events"]),
    "the last row was deleted": (lambda db: sql(db, "DELETE FROM events WHERE _rowid_ = 120"), ["events"]),
    "a row in the middle was deleted": (lambda db: sql(db, "DELETE FROM events WHERE _rowid_ = 50"), ["events"]),
    "it was vacuumed": (lambda db: sql(db, "DELETE FROM events WHERE _rowid_ = 50", "VACUUM"), ["events"]),
    "it was made anew": (lambda db: Tracker(db, track_id="a", reset=True).log({"n": 1}), ["events"]),
}


@pytest.mark.parametrize(("change", "expected"), MEANWHILE.values(), ids=MEANWHILE)
def test_what_happened_while_nobody_looked_is_noticed(filled, scratches, check, change, expected):
    change(filled)
    with Reader(filled, engine="duckdb", duckdb_cache=True) as reader:
        check(reader)

    assert scratches == expected


def test_another_file_in_its_place_is_noticed(filled, tmp_path, check):
    backup = tmp_path / "backup.db"
    shutil.copy(filled, backup)
    for database in (filled, backup):  # from here on the two have different pasts
        with Tracker(database, track_id="d", engine="duckdb") as tracker:
            tracker.log_batch([{"n": number, "where": database.name} for number in range(5)])
            tracker.set_value("x", len(database.name))
    with Reader(filled, engine="duckdb", duckdb_cache=True) as reader:
        check(reader)
    backup.replace(filled)

    with Reader(filled, engine="duckdb", duckdb_cache=True) as reader:
        check(reader)


def test_an_older_backup_in_its_place_is_noticed(filled, tmp_path, check):
    backup = tmp_path / "backup.db"
    shutil.copy(filled, backup)
    Reader(filled).set_value("n", -1, "a")
    with Tracker(filled, track_id="d") as tracker:
        tracker.log({"n": 1})
    with Reader(filled, engine="duckdb", duckdb_cache=True) as reader:
        check(reader)
    backup.replace(filled)
    Reader(filled).set_value("n", -2, "b")

    with Reader(filled, engine="duckdb", duckdb_cache=True) as reader:
        check(reader)


def test_a_second_process_goes_without_and_says_so(filled, run, check):
    with Reader(filled, engine="duckdb", duckdb_cache=True) as reader:
        check(reader)
        out = run(
            """
            import warnings
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                with Tracker(sys.argv[1], engine="duckdb", duckdb_cache=True, track_id="e") as tracker:
                    tracker.log({"n": 1000})
                    print(tracker.conn.execute("SELECT count(*) FROM db.events").fetchone()[0])
            print([(each.category.__name__, "Only one tracker" in str(each.message)) for each in caught])
            """,
            filled,
        )
        assert out == "121\n[('XetrackWarning', True)]\n"
        check(reader)


def test_a_second_reader_in_the_process_goes_without_too(filled, check):
    with Reader(filled, engine="duckdb", duckdb_cache=True) as first:
        check(first)
        with Reader(filled, engine="duckdb", duckdb_cache=True) as second:
            with pytest.warns(XetrackWarning, match="loaded into memory"):
                _ = second.conn
            check(second)


def test_a_damaged_one_is_not_used(filled, check):
    cache = filled.with_name("track.db.duckdb")
    cache.write_bytes(b"no database at all" * 1000)

    with Reader(filled, engine="duckdb", duckdb_cache=True) as reader:
        with pytest.warns(XetrackWarning, match="delete the file"):
            _ = reader.conn
        check(reader)
    assert cache.read_bytes() == b"no database at all" * 1000


WORK = """
tracker = Tracker(sys.argv[1], engine="duckdb", duckdb_cache=True)
number = 0
while True:
    tracker.log_batch([{"n": each, f"k{number % 7}": each} for each in range(100)])
    if number % 3 == 0:
        tracker.set_value("x", number)
    rows = tracker.conn.execute("SELECT count(*) FROM db.events").fetchone()[0]
    os.write(1, b"%d\\n" % rows)
    number += 1
"""


@pytest.mark.soak
@pytest.mark.parametrize("steps", [1, 4, 9])
def test_killed_at_work_it_is_whole_or_made_anew(db, start, check, steps):
    for _ in range(3):
        process = start(WORK, db)
        for _ in range(steps):
            assert process.stdout.readline()
        process.kill()
        assert process.wait() == -signal.SIGKILL

        with Reader(db, engine="duckdb", duckdb_cache=True) as reader:
            check(reader)


def test_in_memory_there_is_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Tracker(":memory:", engine="duckdb", duckdb_cache=True) as tracker:
        tracker.log({"n": 1})
        assert tracker.conn.execute("SELECT n FROM db.events").fetchall() == [(1,)]

    assert not any(tmp_path.iterdir())


def test_an_opening_that_fails_leaves_nothing_behind(db, tmp_path, monkeypatch):
    with Tracker(db, engine="duckdb", duckdb_cache=True, temp_directory=tmp_path) as tracker:
        tracker.log({"n": 1})
        with monkeypatch.context() as failing:
            failing.setattr(Storage, "_load", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                _ = tracker.conn

        assert tracker.conn.execute("SELECT n FROM db.events").fetchone() == (1,)  # and the cache is free
