"""What the SQLite engine promises beyond the contract: about its file, and about those who share it."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from xetrack import Reader, Tracker
from xetrack.errors import InvalidTableError, OptionError, SchemaVersionError
from xetrack.plugin import Run
from xetrack.sqlite import SqliteEngine
from xetrack_testing import exact, make_row, rows_of

LEGACY = (
    'CREATE TABLE "default" (timestamp TEXT, track_id TEXT, accuracy REAL, ok BOOLEAN,'
    " PRIMARY KEY (track_id, timestamp))"
)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "track.db"


def elsewhere(db: Path, sql: str, *parameters: object) -> list[tuple[object, ...]]:
    """Run `sql` as another program would."""
    with closing(sqlite3.connect(db)) as connection, connection:
        return connection.execute(sql, parameters).fetchall()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but the index of the log, which SQLite's readers share and write."""
    return {path.name: path.read_bytes() if path.suffix != ".db-shm" else b"" for path in folder.iterdir()}


def rows_in_copy(db: Path) -> int:
    """The number of rows in a copy of the .db file alone."""
    copy = db.with_name("copy.db")
    shutil.copy(db, copy)
    ((rows,),) = elsewhere(copy, "SELECT count(*) FROM events")
    return rows


# The file


def test_a_new_file_comes_with_the_first_row(db):
    with Tracker(db) as tracker:
        assert len(tracker) == 0
        assert not db.exists()
        tracker.log({"x": 1})
        assert db.exists()


def test_the_file_is_in_wal_mode(db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
        assert elsewhere(db, "PRAGMA journal_mode") == [("wal",)]


def test_after_flush_a_copy_of_the_file_is_a_copy_of_everything(db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
        tracker.log_batch([{"x": 2}, {"y": 3}])
        tracker.flush()
        assert rows_in_copy(db) == 3


def test_after_close_the_file_stands_alone(db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
    assert [path.name for path in db.parent.iterdir()] == ["track.db"]
    assert rows_in_copy(db) == 1


def test_after_close_the_file_is_whole_though_the_users_query_is_half_read(db):
    tracker = Tracker(db, timeout=0.1)
    tracker.log_batch([{"x": number} for number in range(5000)])
    half_read = tracker.conn.execute("SELECT * FROM db.events")
    half_read.fetchone()
    tracker.log({"x": -1})
    tracker.close()
    assert [path.name for path in db.parent.iterdir()] == ["track.db"]
    assert rows_in_copy(db) == 5001


def test_the_file_is_whole_though_a_reader_of_this_process_stays_open(db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
        reader = Reader(db)
        assert len(reader) == 1
        tracker.log({"x": 2})
    assert rows_in_copy(db) == 2
    reader.close()


# Reading


def test_reading_a_file_changes_nothing_beside_or_in_it(db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
    before = contents(db.parent)
    with Reader(db) as reader:
        assert len(reader.to_df()) == len(reader.runs()) == 1
        assert db.read_bytes() == before["track.db"]
    assert contents(db.parent) == before


def test_reading_beside_a_writer_changes_nothing(db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
        before = contents(db.parent)
        with Reader(db) as reader:
            assert len(reader.to_df()) == 1
        assert contents(db.parent) == before


@pytest.mark.parametrize("left", [("-wal", "-shm"), ("-wal",)], ids="".join)
def test_reading_what_a_killed_writer_left_shows_all_and_changes_nothing(db, tmp_path, left):
    place = tmp_path / "crashed"
    place.mkdir()
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
        for end in ("", *left):
            shutil.copy(f"{db}{end}", place / f"{db.name}{end}")
    before = contents(place)
    with Reader(place / db.name) as reader:
        assert list(reader["x"]) == [1]
    after = contents(place)
    after.pop("track.db-shm", None)
    before.pop("track.db-shm", None)
    assert after == before


def test_reading_a_copy_in_wal_mode_without_its_log_changes_nothing(db, tmp_path):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
        tracker.flush()
        place = tmp_path / "copied"
        place.mkdir()
        shutil.copy(db, place)
    before = contents(place)
    with Reader(place / db.name) as reader:
        assert list(reader["x"]) == [1]
    assert contents(place) == before


def test_reading_an_empty_file_gives_nothing_and_leaves_it_empty(db):
    db.touch()
    with Reader(db) as reader:
        assert (len(reader), reader.to_df().empty) == (0, True)
    assert contents(db.parent) == {"track.db": b""}


def test_a_reader_sees_rows_columns_and_tables_that_come_later(db):
    db.touch()
    with Reader(db) as early, Tracker(db) as tracker:
        tracker.log({"x": 1})
        with Reader(db) as reader:
            assert list(reader.to_df()["x"]) == list(early.to_df()["x"]) == [1]
            tracker.log({"x": 2, "new": "y"})
            assert list(reader.to_df()["new"])[1] == "y"
            assert len(early) == 2


def test_a_reader_refuses_writes_through_its_connection(db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
    with Reader(db) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.conn.execute("DELETE FROM db.events")


# Files of other versions


@pytest.mark.parametrize("use", [lambda db: Tracker(db).log({"x": 2}), Reader], ids=["Tracker", "Reader"])
def test_a_file_of_a_newer_version_is_refused_and_not_rewritten(db, use):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
    elsewhere(db, "UPDATE xetrack_meta SET value = 99 WHERE key = 'layout'")
    before = contents(db.parent)
    with pytest.raises(SchemaVersionError, match=r"newer xetrack .*99.*Upgrade"):
        use(db)
    assert contents(db.parent) == before


def test_a_file_that_becomes_newer_under_an_open_tracker_is_refused(db):
    tracker = Tracker(db)
    tracker.log({"x": 1})
    elsewhere(db, "UPDATE xetrack_meta SET value = 99 WHERE key = 'layout'")
    elsewhere(db, "CREATE TABLE of_the_future (x)")
    with pytest.raises(SchemaVersionError):
        tracker.log({"x": 2})
    assert elsewhere(db, "SELECT count(*) FROM events") == [(1,)]
    elsewhere(db, "UPDATE xetrack_meta SET value = 1 WHERE key = 'layout'")
    tracker.close()


def test_a_file_of_0x_is_read_without_changing_it(db):
    elsewhere(db, LEGACY)
    elsewhere(db, "INSERT INTO \"default\" VALUES ('2024-01-01 00:00:00.000000', 'old-run', 0.5, 1)")
    before = contents(db.parent)
    with Reader(db) as reader:
        assert exact([dict(row) for row in reader]) == exact(
            [{"timestamp": "2024-01-01 00:00:00.000000", "track_id": "old-run", "accuracy": 0.5, "ok": True}]
        )
        assert list(reader.runs()["track_id"]) == ["old-run"]
    assert contents(db.parent) == before


def test_a_file_of_0x_is_written_in_place_and_gets_a_view_of_the_new_name(db):
    elsewhere(db, LEGACY)
    elsewhere(db, "INSERT INTO \"default\" VALUES ('2024-01-01 00:00:00.000000', 'old-run', 0.5, 1)")
    with Tracker(db) as tracker:
        tracker.log({"accuracy": 0.75, "new": "x"})
        assert tracker.conn.execute("SELECT accuracy, new FROM db.events").fetchall() == [(0.5, None), (0.75, "x")]
        tracker.log({"newer": 1})
    assert elsewhere(db, 'SELECT accuracy, newer FROM "default"') == [(0.5, None), (0.75, None), (None, 1)]
    assert elsewhere(db, "SELECT newer FROM events") == [(None,), (None,), (1,)]
    assert elsewhere(db, "SELECT type FROM sqlite_master WHERE name IN ('events', 'default') ORDER BY 1") == [
        ("table",),
        ("view",),
    ]
    with Reader(db, table="default") as old, Reader(db) as new:
        assert len(old) == len(new) == 3


def test_a_reset_of_a_file_of_0x_takes_the_view_too(db):
    elsewhere(db, LEGACY)
    with Tracker(db) as tracker:
        tracker.log({"accuracy": 1.0})
    with Tracker(db, reset=True) as tracker:
        tracker.log({"fresh": 1})
        assert [row.keys() for row in tracker] == [{"fresh", "timestamp", "track_id"}]
    with Reader(db) as reader:
        assert len(reader) == 1


# Other people


def test_tables_of_other_people_are_left_alone(db):
    elsewhere(db, "CREATE TABLE notes (text)")
    elsewhere(db, "INSERT INTO notes VALUES ('mine')")
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
    with Tracker(db, reset=True) as tracker:
        tracker.log({"x": 1})
    with Reader(db) as reader:
        assert reader.engine.tables() == ["events"]
    assert elsewhere(db, "SELECT * FROM notes") == [("mine",)]


@pytest.mark.parametrize(
    "sql", ["CREATE TABLE mine (text)", "CREATE VIEW mine AS SELECT 1 AS text"], ids=["table", "view"]
)
@pytest.mark.parametrize("name", ["mine", "MINE"])
def test_a_table_of_other_people_is_no_place_for_events(db, sql, name):
    elsewhere(db, sql)
    tracker = Tracker(db, table=name)
    with pytest.raises(InvalidTableError, match="Choose another"):
        tracker.log({"x": 1})
    tracker.close()
    assert elsewhere(db, "SELECT name FROM sqlite_master") == [("mine",)]


def test_a_reset_never_drops_a_table_of_other_people(db):
    elsewhere(db, "CREATE TABLE mine (text)")
    Tracker(db, table="mine", reset=True).close()
    assert elsewhere(db, "SELECT name FROM sqlite_master") == [("mine",)]


def test_a_virtual_table_whose_module_is_not_here_disturbs_nobody(db):
    with closing(sqlite3.connect(db, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        virtual = "CREATE VIRTUAL TABLE vectors USING of_somebody_else(x)"
        connection.execute("INSERT INTO sqlite_master VALUES ('table', 'vectors', 'vectors', 0, ?)", (virtual,))
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
    with Reader(db) as reader:
        assert (reader.engine.tables(), list(reader["x"])) == (["events"], [1])


def test_a_column_dropped_by_another_connection_comes_again(db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1, "y": 1})
        elsewhere(db, "ALTER TABLE events DROP COLUMN y")
        tracker.log({"x": 2, "y": "text"})
        assert list(tracker["x"]) == [1, 2]
        assert [row["y"] for row in tracker] == [None, "text"]


def test_a_column_added_by_another_connection_is_used(db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
        elsewhere(db, "ALTER TABLE events ADD COLUMN y INTEGER DEFAULT 7")
        tracker.log({"x": 2, "y": "42"})
        assert [row["y"] for row in tracker] == [7, "42"]


def test_a_table_dropped_by_another_connection_comes_again(db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
        elsewhere(db, "DROP TABLE events")
        assert len(tracker) == 0
        tracker.log({"x": 2})
        assert list(tracker["x"]) == [2]


def test_a_reset_that_changed_the_type_of_a_column_is_noticed(db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
        tracker.log({"x": 2})  # by now how such rows go in is remembered
        with Tracker(db, reset=True) as other:
            other.log({"x": "text"})
        tracker.log({"x": 5})
        assert [type(row["x"]) for row in tracker] == [int]
        assert type(tracker.latest["x"]) is type(tracker[-1]["x"]) is int


def test_a_reset_by_another_tracker_is_noticed(db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
        Tracker(db, reset=True).close()
        tracker.log({"x": "two"})
        assert [row["x"] for row in tracker] == ["two"]


def test_a_dropped_table_of_one_tracker_takes_rows_of_the_same_shape_again():
    with closing(SqliteEngine(":memory:")) as engine:
        for _ in range(3):
            engine.append("events", [make_row(0, {"x": 1})])
            engine.drop("events")


def test_vacuum_changes_neither_rows_nor_order(db):
    with Tracker(db) as tracker:
        tracker.log_batch([{"n": number} for number in range(10)])
        elsewhere(db, "DELETE FROM events WHERE n < 5")
        elsewhere(db, "VACUUM")
        tracker.log({"n": 10})
        assert [row["n"] for row in tracker] == [5, 6, 7, 8, 9, 10]


def test_a_rule_that_others_gave_the_table_is_an_error_that_stores_nothing(db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
        elsewhere(db, "CREATE UNIQUE INDEX theirs ON events (x)")
        with pytest.raises(OSError, match="UNIQUE"):
            tracker.log({"x": 1})
        tracker.log({"x": 2})
        assert list(tracker["x"]) == [1, 2]


# Runs


def ended(db: Path) -> None:
    with Tracker(db, track_id="run") as tracker:
        for number in range(3):
            tracker.log({"x": number, "y": "text"})


def test_what_another_program_updates_shows_in_the_runs(db):
    ended(db)
    elsewhere(db, "UPDATE events SET x = 9 WHERE x = 2")
    with Reader(db) as reader:
        assert (reader.runs()["x"][0], reader.runs()["rows"][0]) == (9, 3)


def test_what_another_program_deletes_shows_in_the_runs(db):
    ended(db)
    elsewhere(db, "DELETE FROM events WHERE x = 1")
    with Reader(db) as reader:
        assert (reader.runs()["rows"][0], reader.runs()["x"][0]) == (2, 2)


def test_what_another_program_inserts_shows_in_the_runs(db):
    ended(db)
    elsewhere(db, "INSERT INTO events (timestamp, track_id, x) VALUES ('2999-01-01 00:00:00.000000', 'run', 7)")
    with Reader(db) as reader:
        assert (reader.runs()["rows"][0], reader.runs()["x"][0], reader.runs()["y"][0]) == (4, 7, "text")


def test_a_value_set_before_the_end_shows_in_the_runs(db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
        tracker.set_value("x", 5)
        tracker.set_value("later", "text")
    with Reader(db) as reader:
        assert (reader.runs()["x"][0], reader.runs()["later"][0]) == (5, "text")


def test_a_run_beside_one_of_the_same_name_in_another_table_keeps_its_summary(db):
    ended(db)
    with Tracker(db, table="it's", track_id="run") as tracker:
        tracker.log({"x": "other"})
    elsewhere(db, "UPDATE \"it's\" SET x = 'changed'")
    with Reader(db) as reader, Reader(db, table="it's") as other:
        assert (reader.runs()["x"][0], other.runs()["x"][0]) == (2, "changed")


def steps_to_list_runs(engine: SqliteEngine) -> int:
    """How many steps SQLite's virtual machine takes to list all runs."""
    steps: list[int] = []
    engine.database.connection().set_progress_handler(lambda: steps.append(1), 1)
    engine.runs("events")
    engine.database.connection().set_progress_handler(None, 1)
    return len(steps)


def test_the_last_values_of_ended_runs_are_not_searched_for_again(db):
    runs = [Run(f"run-{number:02d}", "events", host="h", pid=1) for number in range(20)]
    with closing(SqliteEngine(str(db))) as engine:
        for run in runs:
            engine.save_run(run)
            engine.append("events", [make_row(number, {"x": 1, "y": 2}, run=run.track_id) for number in range(500)])
        under_way = steps_to_list_runs(engine)
        for run in runs:
            engine.finish_run(run)
        assert steps_to_list_runs(engine) < under_way / 2


# The user's connection


def test_an_open_transaction_of_the_users_reading_does_not_block_log(db):
    with Tracker(db, timeout=0.1) as tracker:
        tracker.log({"x": 1})
        tracker.conn.execute("BEGIN")
        assert tracker.conn.execute("SELECT count(*) FROM db.events").fetchone() == (1,)
        tracker.log({"x": 2, "new": 1})
        assert tracker.conn.execute("SELECT count(*) FROM db.events").fetchone() == (1,)
        tracker.conn.execute("COMMIT")
        assert tracker.conn.execute("SELECT count(*) FROM db.events").fetchone() == (2,)


def test_a_half_read_query_of_the_users_does_not_block_log(db):
    with Tracker(db, timeout=0.1) as tracker:
        tracker.log_batch([{"x": number} for number in range(1000)])
        cursor = tracker.conn.execute("SELECT x FROM db.events")
        first = cursor.fetchone()
        tracker.log({"x": -1, "new": 1})
        tracker.set_value("x", 5)
        assert [first, *cursor.fetchall()] == [(number,) for number in range(1000)]


def test_what_the_user_changes_through_the_connection_is_noticed(db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
        tracker.conn.execute("UPDATE db.events SET x = 7")
        tracker.conn.execute("ALTER TABLE db.events ADD COLUMN y")
        tracker.log({"x": 2, "y": True})
        assert [(row["x"], row["y"]) for row in tracker] == [(7, None), (2, True)]


def test_after_the_user_closed_the_connection_there_is_a_new_one(db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
        tracker.conn.close()
        assert tracker.conn.execute("SELECT x FROM db.events").fetchall() == [(1,)]


def test_in_memory_the_users_connection_sees_the_rows():
    with Tracker(Tracker.IN_MEMORY) as tracker:
        tracker.log({"x": 1})
        assert tracker.conn.execute("SELECT x FROM db.events").fetchall() == [(1,)]


def test_hostile_names_are_names_and_nothing_else(db):
    hostile = 'x"; DROP TABLE events; --'
    with Tracker(db, table=hostile) as tracker, Tracker(db) as other:
        other.log({"x": 1})
        tracker.log({hostile: hostile})
        assert tracker.set_where(hostile, "set", hostile, hostile) == 1
        assert (tracker[0][hostile], len(other)) == ("set", 1)
        assert rows_of(other.engine.read("events"))[0]["x"] == 1


def test_switching_to_wal_waits_for_a_writer(db, monkeypatch):
    """SQLite itself gives up at once there, whatever the timeout."""
    with closing(sqlite3.connect(db, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("CREATE TABLE mine (x)")
        other.execute("BEGIN IMMEDIATE")
        waits = []

        def commit_at_the_second(_):
            waits.append(1)
            if len(waits) == 2:
                other.execute("COMMIT")

        monkeypatch.setattr("xetrack._sqlite.connection.time.sleep", commit_at_the_second)
        with Tracker(db) as tracker:
            tracker.log({"x": 1})
            assert tracker.conn.execute("PRAGMA db.journal_mode").fetchone() == ("wal",)
    assert len(waits) == 2


@pytest.mark.parametrize("timeout", [float("inf"), float("nan"), -1, 3_000_000])
def test_a_timeout_that_sqlite_cannot_wait_is_refused(db, timeout):
    with pytest.raises(OptionError, match="timeout"):
        Tracker(db, timeout=timeout)
    assert not db.exists()


def test_a_change_of_no_row_makes_no_column(db):
    with Tracker(db) as tracker:
        tracker.log({"x": 1})
        reader = Reader(db)
        assert reader.set_where("y", 1, "x", 2) == reader.set_value("y", 1, track_id="nobody") == 0
        assert "y" not in tracker.columns
        assert contents_of(db) == ["timestamp", "track_id", "x"]


def contents_of(db):
    with closing(sqlite3.connect(db)) as connection:
        return [name for _, name, *_ in connection.execute("PRAGMA table_info(events)")]
