"""Whatever happens to the file, by whomever, the next query knows."""

import itertools
import sqlite3
import tempfile
from contextlib import closing

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import xetrack_duckdb.copier
from xetrack import Reader, Tracker
from xetrack_duckdb import projection
from xetrack_testing import values


@pytest.fixture
def tracker(db, check):
    with Tracker(db, engine="duckdb", track_id="a") as tracker:
        tracker.log_batch([{"n": number, "x": number / 2} for number in range(100)])
        with Tracker(db, track_id="b") as other:
            other.log_batch([{"n": number, "s": str(number)} for number in range(50)])
        check(tracker)
        yield tracker


def elsewhere(db, *statements):
    """Another tool changes the file."""
    with closing(sqlite3.connect(db, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


INSERT = "INSERT INTO events (track_id, timestamp, n) VALUES"
CHANGES = {
    "a row is added": [f"{INSERT} ('c', '2026', 1)"],
    "a value is changed": ["UPDATE events SET x = 7 WHERE n = 40"],
    "a value is changed in the run that logged last": [
        "UPDATE events SET s = 'changed' WHERE track_id = 'b' AND n = 7"
    ],
    "every row is changed": ["UPDATE events SET x = x + 1"],
    "a row in the middle is deleted": ["DELETE FROM events WHERE track_id = 'a' AND n = 40"],
    "a run is deleted": ["DELETE FROM events WHERE track_id = 'a'"],
    "the last rows are deleted": ["DELETE FROM events WHERE track_id = 'b' AND n > 40"],
    "everything is deleted": ["DELETE FROM events"],
    "deleted rowids are used again": [
        "DELETE FROM events WHERE track_id = 'b'",
        *(f"{INSERT} ('c', '{number}', {number})" for number in range(50)),
    ],
    "a row is replaced": [
        "INSERT OR REPLACE INTO events (track_id, timestamp, n) SELECT track_id, timestamp, 99 FROM events WHERE n = 3"
    ],
    "a row is replaced, and others are added": [
        f"{INSERT} ('c', '1', 1)",
        "INSERT OR REPLACE INTO events (track_id, timestamp, n) SELECT track_id, timestamp, 99 FROM events WHERE n = 3",
        f"{INSERT} ('c', '2', 2)",
    ],
    "a row is put in the middle": [
        "DELETE FROM events WHERE track_id = 'a' AND n = 10",
        "INSERT INTO events (_rowid_, track_id, timestamp, n) VALUES (11, 'z', '1', 5)",
    ],
    "a row moves to another run": ["UPDATE events SET track_id = 'z' WHERE n = 40"],
    "a row moves to the end": ["UPDATE events SET _rowid_ = 1000 WHERE track_id = 'a' AND n = 40"],
    "the last row moves to a gap": [
        "DELETE FROM events WHERE track_id = 'a' AND n = 40",
        "INSERT OR REPLACE INTO events (_rowid_, track_id, timestamp) SELECT 41, track_id, max(timestamp) FROM events",
    ],
    "the file is vacuumed after a row was deleted": ["DELETE FROM events WHERE track_id = 'a' AND n = 3", "VACUUM"],
    "a column is added": ["ALTER TABLE events ADD COLUMN new TEXT", "UPDATE events SET new = 'x' WHERE n = 4"],
    "a column with a default is added": ["ALTER TABLE events ADD COLUMN new TEXT DEFAULT 'd'"],
    "a column is renamed": ["ALTER TABLE events RENAME COLUMN x TO y"],
    "a column is dropped": ["ALTER TABLE events DROP COLUMN x"],
    "a column is dropped and added as another type": [
        "ALTER TABLE events DROP COLUMN x",
        "ALTER TABLE events ADD COLUMN x TEXT",
        "UPDATE events SET x = 'text'",
    ],
    "a row is added and changed where runs have bytes for ids": [
        "UPDATE events SET track_id = CAST(track_id AS BLOB)",
        f"{INSERT} ('c', '1', 1), ('c', '1', 2) ON CONFLICT (track_id, timestamp) DO UPDATE SET n = 3",
    ],
    "a trigger is dropped, and a value changed": [
        "DROP TRIGGER xetrack_events_changed",
        "UPDATE events SET x = 9 WHERE n = 4",
    ],
    "the table is made anew with other rows": [
        "CREATE TABLE kept AS SELECT * FROM events",
        "DROP TABLE events",
        "CREATE TABLE events (timestamp, track_id, n INTEGER, x REAL, s TEXT, PRIMARY KEY (track_id, timestamp))",
        "INSERT INTO events SELECT timestamp, track_id, n + 1, x, s FROM kept",
        "DROP TABLE kept",
    ],
    "the table is emptied and filled": [
        "CREATE TABLE kept AS SELECT * FROM events",
        "DELETE FROM events",
        "INSERT INTO events (timestamp, track_id, n, x, s) SELECT timestamp, track_id, n + 1, x, s FROM kept",
        "DROP TABLE kept",
    ],
}


SEVERAL = {name: statements for name, statements in CHANGES.items() if len(statements) > 1}


@pytest.mark.parametrize("statements", SEVERAL.values(), ids=SEVERAL)
def test_each_step_of_another_tool_is_noticed(tracker, db, statements, check):
    for statement in statements:
        elsewhere(db, statement)
        if tracker.engine.tables():
            check(tracker)


@pytest.mark.parametrize("statements", CHANGES.values(), ids=CHANGES)
def test_what_another_tool_does_is_noticed_by_trackers_and_readers(tracker, db, statements, check):
    with Reader(db, engine="duckdb") as reader:
        check(reader)
        elsewhere(db, *statements)
        check(reader)
        check(tracker)
        tracker.log({"n": 1000})
        check(tracker)
        check(reader)


@pytest.fixture
def narrow(monkeypatch):
    """No table is too narrow to be copied column by column."""
    monkeypatch.setattr(projection, "_WIDE", 0)


@pytest.mark.parametrize("statements", CHANGES.values(), ids=CHANGES)
def test_what_another_tool_does_is_noticed_column_by_column(narrow, db, statements, check, check_keys):
    for run in "ab":
        with Tracker(db, track_id=run) as tracker:
            tracker.log_batch([{"n": number, "x": number / 2, "s": str(number)} for number in range(50)])
    with Reader(db, engine="duckdb") as reader:
        check_keys(reader, ["n"])
        for statement in statements:
            elsewhere(db, statement)
            if reader.engine.tables():
                check_keys(reader, ["n"])
        check_keys(reader, ["s", "new"])
        check_keys(reader, ["track_id", "x", "y"])
        check(reader)


CALLS = {
    "log": lambda tracker, db: tracker.log({"n": 1}),
    "log_batch": lambda tracker, db: tracker.log_batch([{"n": number} for number in range(5000)]),
    "a new key": lambda tracker, db: tracker.log({"new": "text"}),
    "a key that differs in case": lambda tracker, db: tracker.log({"n": 1, "other": 2}),
    "set_value": lambda tracker, db: tracker.set_value("x", 5),
    "set_value of a new key": lambda tracker, db: tracker.set_value("accuracy", 0.5),
    "set_value to another type": lambda tracker, db: tracker.set_value("n", "text"),
    "set_where": lambda tracker, db: tracker.set_where("x", 7, "n", 5),
    "delete_run": lambda tracker, db: Reader(db).delete_run("b"),
    "Reader.set_value": lambda tracker, db: Reader(db).set_value("n", 3, "b"),
    "reset": lambda tracker, db: Tracker(db, reset=True).close(),
    "reset, and the same rows": lambda tracker, db: Tracker(db, reset=True, track_id="a").log_batch(
        [{"n": -number, "x": 0.0, "s": "s"} for number in range(150)]
    ),
    "drop": lambda tracker, db: tracker.engine.drop("events"),
    "another table": lambda tracker, db: Tracker(db, table="others").log({"n": 1}),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_what_xetrack_does_is_noticed(tracker, db, call, check):
    call(tracker, db)
    if tracker.engine.tables() == []:
        assert tracker.conn.execute("SHOW TABLES").fetchall() == [("xetrack_runs",)]
    else:
        check(tracker)


def test_new_rows_are_copied_alone(tracker, db, scratches, check):
    with Tracker(db, track_id="c") as last:
        for number in range(20):
            last.log({"n": number, f"k{number}": number})
            last.set_value("x", number)
            check(tracker)

    assert scratches == []


@pytest.fixture
def rows_read(monkeypatch):
    """The numbers of rows of the blocks that were copied."""
    numbers = []
    original = xetrack_duckdb.copier.Copier._load
    monkeypatch.setattr(
        xetrack_duckdb.copier.Copier,
        "_load",
        lambda self, copied, block, *rest: (numbers.append(len(block.rowids)), original(self, copied, block, *rest))[1],
    )
    return numbers


def test_changes_of_one_run_among_many_copy_that_run_alone_and_keep_the_order(db, rows_read, check):
    trackers = [Tracker(db, engine="duckdb", track_id=f"run{number}") for number in range(10)]
    for number in range(50):
        for tracker in trackers:
            tracker.log({"n": number})
    check(trackers[0])
    rows_read.clear()

    trackers[3].set_value("n", -1)
    check(trackers[0])
    trackers[4].set_where("n", 1000, "n", 7)
    check(trackers[0])
    trackers[9].set_value("accuracy", 0.5)
    check(trackers[0])
    elsewhere(db, "DELETE FROM events WHERE track_id = 'run5' AND n > 20")
    check(trackers[0])
    Reader(db).delete_run("run6")
    check(trackers[0])

    assert rows_read == [50, 50, 50, 21]
    for tracker in trackers:
        tracker.close()


def test_an_unchanged_file_is_not_read_again(tracker, monkeypatch):
    tracker.conn.execute("SELECT * FROM db.events")
    monkeypatch.setattr(xetrack_duckdb.copier.Copier, "refreshed", None)

    assert tracker.conn.execute("SELECT count(*) FROM db.events").fetchone() == (150,)


def test_only_tables_that_a_query_names_are_copied(tracker, db, scratches):
    with Tracker(db, table="first") as first, Tracker(db, table="second") as second:
        first.log({"n": 1})
        second.log({"n": 2})

    assert tracker.conn.execute("SELECT n FROM db.first").fetchall() == [(1,)]
    assert scratches == ["first"]
    assert tracker.conn.execute("SHOW TABLES").fetchall() == [("events",), ("first",), ("second",), ("xetrack_runs",)]
    assert scratches == ["first"]


NAMING = {
    "a view": ["CREATE VIEW mine AS SELECT * FROM db.others", "SELECT n FROM mine"],
    "a prepared statement": ["PREPARE mine AS SELECT n FROM db.others", "EXECUTE mine"],
    "a macro": ["CREATE MACRO mine() AS TABLE SELECT n FROM db.others", "FROM mine()"],
    "a macro, made before": ["CREATE MACRO mine() AS TABLE SELECT n FROM db.others; SELECT 1", "SELECT n FROM mine()"],
    "query()": ["SELECT 1", "SELECT n FROM query('FROM db.' || 'oth' || 'ers')"],
    "a variable": ["SET VARIABLE mine = 'db.others'", "SELECT n FROM query_table(getvariable('mine'))"],
    "quotes": ["SELECT 1", 'SELECT n FROM "db"."main"."others"'],
    "another case": ["SELECT 1", "SELECT N FROM DB.OTHERS"],
    "a subquery": ["SELECT 1", "SELECT (SELECT max(n) FROM db.others) AS n"],
    "without db": ["SELECT 1", "SELECT n FROM others"],
}


@pytest.mark.parametrize("statements", NAMING.values(), ids=NAMING)
def test_a_table_is_up_to_date_however_it_is_named(db, statements):
    with Tracker(db, table="others", engine="duckdb") as tracker:
        tracker.log({"n": 1})
        for statement in statements:
            tracker.conn.execute(statement)
        tracker.set_value("n", 2)

        assert tracker.conn.execute(statements[-1]).fetchall() == [(2,)]


def test_a_relation_in_a_later_query_is_up_to_date(db):
    with Tracker(db, engine="duckdb") as tracker:
        tracker.log({"n": 1})
        relation = tracker.conn.sql("SELECT n FROM db.events")
        tracker.log({"n": 2})

        assert tracker.conn.sql("SELECT sum(n) FROM relation").fetchall() == [(3,)]
        assert relation.fetchall() == [(1,), (2,)]


def test_a_view_in_a_database_of_the_users_own_is_up_to_date(db, tmp_path):
    with Tracker(db, engine="duckdb") as tracker:
        tracker.log({"n": 1})
        tracker.conn.execute(
            f"ATTACH '{tmp_path / 'mine.duckdb'}' AS mine; CREATE VIEW mine.v AS SELECT n FROM db.events"
        )
    with Tracker(db, engine="duckdb") as tracker:
        tracker.conn.execute(f"ATTACH '{tmp_path / 'mine.duckdb'}' AS mine")
        tracker.log({"n": 2})

        assert tracker.conn.execute("SELECT * FROM mine.v").fetchall() == [(1,), (2,)]


def test_tables_of_one_query_are_of_one_moment(db, start):
    """Each transaction of the writer adds a row to two tables: a query never sees one without the other."""
    process = start(
        """
        first, second = Tracker(sys.argv[1], table="first"), Tracker(sys.argv[1], table="second")
        second.engine.close()
        for number in range(3000):
            with first.engine.transaction():
                row = {"timestamp": str(number), "track_id": "a", "n": number}
                first.engine.append("first", [dict(row)])
                first.engine.append("second", [dict(row)])
            if not number:
                print("begun", flush=True)
        """,
        db,
    )
    assert process.stdout.readline() == "begun\n"
    with Reader(db, engine="duckdb", table=None) as reader:
        count = 0
        while count < 3000:
            count, other = reader.conn.execute(
                "SELECT (SELECT count(*) FROM db.first), (SELECT count(*) FROM db.second)"
            ).fetchone()
            assert count == other


class Changes(RuleBasedStateMachine):
    """Anything, in any order, by SQLite and by xetrack; DuckDB and SQLite agree after each step."""

    check = None  # set by the test

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        self.db = f"{self.folder.name}/track.db"
        self.tracker = Tracker(self.db, engine="duckdb", track_id="t0")
        self.tracker.log({"n": 1})

    @rule(
        run=st.integers(0, 3),
        rows=st.lists(
            st.dictionaries(st.sampled_from(["n", "x", "s", "new"]), values(), max_size=3), min_size=1, max_size=4
        ),
    )
    def log(self, run, rows):
        with Tracker(self.db, track_id=f"t{run}") as tracker:
            tracker.log_batch(rows)

    @rule(run=st.integers(0, 3), key=st.sampled_from(["n", "x", "later"]), value=values())
    def set_value(self, run, key, value):
        Reader(self.db).set_value(key, value, f"t{run}")

    @rule(run=st.integers(0, 3))
    def delete_run(self, run):
        Reader(self.db).delete_run(f"t{run}")

    @rule(number=st.integers(0, 10))
    def delete_a_row(self, number):
        elsewhere(self.db, f"DELETE FROM events WHERE _rowid_ IN (SELECT _rowid_ FROM events LIMIT 1 OFFSET {number})")

    @rule()
    def vacuum(self):
        elsewhere(self.db, "VACUUM")

    @rule()
    def reset(self):
        Tracker(self.db, reset=True, track_id="t0").log({"n": 1})

    @precondition(lambda self: hasattr(self, "tracker"))
    @invariant()
    def they_agree(self):
        self.check(self.tracker)

    def teardown(self):
        if hasattr(self, "tracker"):
            self.tracker.close()
            self.folder.cleanup()


@pytest.mark.soak
def test_anything_in_any_order(check, monkeypatch):
    monkeypatch.setattr(Changes, "check", staticmethod(check))
    run_changes()


@pytest.mark.soak
def test_anything_in_any_order_column_by_column(narrow, check_keys, monkeypatch):
    monkeypatch.setattr(projection, "_MOST_GROWTHS", 1000)
    keys = itertools.cycle([["n"], ["x", "n"], ["later"], ["s", "new"], ["n"], ["track_id", "timestamp"]])
    monkeypatch.setattr(Changes, "check", staticmethod(lambda tracker: check_keys(tracker, next(keys))))
    run_changes()


def run_changes():
    run_state_machine_as_test(
        Changes,
        settings=settings(
            max_examples=20, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
