"""The change feed of SQLite files, whoever writes to them and whatever becomes of the file."""

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from xetrack import Reader, Tracker
from xetrack._sqlite.triggers import LOG, WHOLE_TABLE
from xetrack.sqlite import SqliteEngine
from xetrack_testing.engine.feed import Follower
from xetrack_testing.rows import make_row

RUNS = st.sampled_from("abc")


@pytest.fixture
def db(tmp_path):
    for run in "ab":
        with Tracker(tmp_path / "a.db", track_id=run) as tracker:
            tracker.log_batch([{"n": 1}, {"n": 2}])
    return tmp_path / "a.db"


def log(db):
    with closing(sqlite3.connect(db)) as connection:
        return connection.execute(f"SELECT track_id FROM {LOG} WHERE event_table = 'events' ORDER BY place").fetchall()


def sql(db, statement):
    with closing(sqlite3.connect(db, isolation_level=None)) as connection:
        connection.execute(statement)


def engine(db):
    return closing(SqliteEngine(str(db)))


def followed(db):
    with engine(db) as opened:
        return Follower().update(opened)


def follow(follower, db):
    with engine(db) as opened:
        assert follower.update(opened).is_equal(opened)
    return follower


def test_logging_adds_nothing_to_the_log(db):
    assert log(db) == [(WHOLE_TABLE,)]


@pytest.mark.parametrize(("statement", "runs"), [
    ("UPDATE events SET n = 3 WHERE track_id = 'a'", {"a"}),
    ("UPDATE OR IGNORE events SET n = 3 WHERE track_id = 'a'", {"a"}),
    ("DELETE FROM events WHERE track_id = 'b' AND n = 1", {"b"}),
    ("UPDATE events SET track_id = 'c' WHERE track_id = 'a'", {"a", "c"}),
    ("DELETE FROM events WHERE n = 1", {"a", "b"}),
])  # fmt: skip
def test_each_statement_adds_an_entry_for_each_of_its_runs_whoever_makes_it(db, statement, runs):
    follower = followed(db)
    sql(db, statement)
    entries = [run for (run,) in log(db)[1:]]
    assert set(entries) == runs
    assert len(entries) == len(runs)
    with engine(db) as opened:
        assert set(opened.changes("events", follower.watermark).runs) == runs
    assert not follow(follower, db).everything


def test_a_run_that_changes_over_and_over_is_named_each_time(db):
    follower = followed(db)
    with engine(db) as opened:
        for number in range(200):  # many of them in one millisecond
            opened.update("events", "n", number, track_id="a")
            assert follower.update(opened).is_equal(opened)
            assert not follower.everything


@pytest.mark.parametrize("statement", [
    "UPDATE events SET _rowid_ = _rowid_ + 10",
    "UPDATE events SET _rowid_ = -_rowid_ WHERE n = 1",
    "DROP TRIGGER xetrack_events_changed",
    "DELETE FROM events WHERE track_id = 'b' AND n = 2",
])  # fmt: skip
def test_what_may_hide_a_change_returns_everything(db, statement):
    follower = followed(db)
    sql(db, statement)
    assert follow(follower, db).everything


def reload(db):
    """Dump a file as SQL and load it again, which gives its rows other rowids, as VACUUM may do."""
    with closing(sqlite3.connect(db)) as connection:
        dump = "\n".join(connection.iterdump())
    with closing(sqlite3.connect(":memory:")) as loaded, closing(sqlite3.connect(db)) as connection:
        loaded.executescript(dump)
        loaded.backup(connection)


@pytest.mark.parametrize("later", [[], [{"n": 5}, {"n": 6}]], ids=["no-new-rows", "as-many-rows"])
def test_other_rowids_are_noticed(db, later):
    sql(db, "DELETE FROM events WHERE track_id = 'a'")
    follower = followed(db)
    reload(db)
    with Tracker(db, track_id="c") as tracker:
        tracker.log_batch(later)
    assert follow(follower, db).everything
    sql(db, "VACUUM")
    assert not follow(follower, db).everything


def test_former_copies_that_changed_other_runs_are_told_apart(db, tmp_path):
    other = tmp_path / "other.db"
    shutil.copy(db, other)
    assert not follow(followed(db), other).everything
    Reader(db).set_value("n", 5, "a")
    Reader(other).set_value("n", 6, "b")
    assert follow(followed(db), other).everything


def test_rows_between_that_were_replaced_are_noticed_though_the_last_row_is_the_same(db):
    rows = [make_row(number, {"n": number}, run=run) for number, run in enumerate("pqz")]
    with engine(db) as opened:
        opened.append("events", rows)
        follower = Follower().update(opened)
        for run in "zq":
            opened.delete("events", run)
        opened.append("events", [make_row(9, run="new"), rows[-1]])
        assert follower.update(opened).is_equal(opened)


def test_new_columns_and_many_rows_are_no_reason_to_start_over(db):
    follower = followed(db)
    with Tracker(db) as tracker:
        tracker.log_batch([{f"k{number}": number} for number in range(50)])
    assert not follow(follower, db).everything


def test_a_table_in_a_file_without_a_log_returns_everything_each_time(tmp_path):
    db = tmp_path / "old.db"
    shutil.copy(Path(__file__).parents[1] / "data" / "xetrack-0.7.db", db)
    with closing(SqliteEngine(str(db), read_only=True)) as opened:
        follower = Follower().update(opened)
        assert follower.rows
        assert follower.update(opened).everything
        assert follower.is_equal(opened)
    Reader(db).set_value("new", 1)
    assert follow(follower, db).everything
    assert not follow(follower, db).everything


def test_counters_of_earlier_versions_give_way_to_the_log(db):
    sql(db, f"DROP TABLE {LOG}")
    sql(db, "CREATE TABLE xetrack_changes (event_table, track_id, changes)")
    for name in ("changed", "deleted", "renamed"):
        sql(db, f"DROP TRIGGER xetrack_events_{name}")
    sql(db, "CREATE TRIGGER xetrack_events_changed AFTER UPDATE ON events BEGIN"
            " INSERT INTO xetrack_changes VALUES ('events', OLD.track_id, 1); END")  # fmt: skip
    Reader(db).set_value("n", 5, "a")
    follower = followed(db)
    Reader(db).set_value("n", 6, "a")
    assert not follow(follower, db).everything
    with closing(sqlite3.connect(db)) as connection:
        assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'xetrack_changes'").fetchall()


def test_the_log_stays_short(db, monkeypatch):
    monkeypatch.setattr("xetrack._sqlite.triggers._KEPT", 3)
    follower = followed(db)
    for run in "cdefgh":
        with Tracker(db, track_id=run) as tracker:
            tracker.log({"n": 1})
        Reader(db).delete_run(run)
    with Tracker(db) as tracker:
        tracker.log({"n": 1})
    assert len(log(db)) <= 4
    assert follow(follower, db).everything


class Files(RuleBasedStateMachine):
    """Two files that begin as copies and are written by anybody, restored and compacted; and followers of either."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.paths = [str(self.folder / "0.db"), str(self.folder / "1.db")]
        self.saved = str(self.folder / "saved.db")
        self.number = 0
        self.followers = [Follower(), Follower()]

    @initialize()
    def begin(self):
        self.append(0, "a", 2)
        self.copy(0, 1)

    def teardown(self):
        shutil.rmtree(self.folder)

    @rule(file=st.integers(0, 1), run=RUNS, rows=st.integers(1, 3))
    def append(self, file, run, rows):
        with engine(self.paths[file]) as opened:
            opened.append("events", [make_row(self.number + each, {"n": each}, run=run) for each in range(rows)])
        self.number += rows

    @rule(file=st.integers(0, 1), statement=st.sampled_from([
        "UPDATE events SET n = n + 1 WHERE track_id = '{run}'",
        "UPDATE events SET n = n + 1 WHERE _rowid_ = (SELECT max(_rowid_) FROM events)",
        "UPDATE events SET track_id = 'c' WHERE track_id = '{run}'",
        "DELETE FROM events WHERE track_id = '{run}'",
        "DELETE FROM events WHERE _rowid_ = (SELECT max(_rowid_) FROM events)",
        "DELETE FROM events WHERE _rowid_ = (SELECT min(_rowid_) FROM events)",
        "DELETE FROM events",
        "UPDATE OR IGNORE events SET _rowid_ = -_rowid_ WHERE track_id = '{run}'",
        "VACUUM",
    ]), run=RUNS)  # fmt: skip
    def run_sql(self, file, statement, run):
        with engine(self.paths[file]) as opened:
            if opened.tables():
                sql(self.paths[file], statement.format(run=run))

    @rule(file=st.integers(0, 1))
    def reset(self, file):
        with engine(self.paths[file]) as opened:
            opened.drop("events")

    @rule(source=st.integers(0, 1), to=st.integers(0, 1))
    def copy(self, source, to):
        """Overwrite a file with the other one, as SQLite's backup does, in place."""
        if source != to:
            self.overwrite(self.paths[source], self.paths[to])

    @rule(file=st.integers(0, 1))
    def reload(self, file):
        reload(self.paths[file])

    @rule(file=st.integers(0, 1))
    def save(self, file):
        self.overwrite(self.paths[file], self.saved)

    @precondition(lambda self: Path(self.saved).exists())
    @rule(file=st.integers(0, 1))
    def restore(self, file):
        self.overwrite(self.saved, self.paths[file])

    @staticmethod
    def overwrite(source, target):
        with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
            one.backup(other)

    @rule(file=st.integers(0, 1), follower=st.integers(0, 1), size=st.integers(1, 4))
    def follow(self, file, follower, size):
        with engine(self.paths[file]) as opened:
            followed = self.followers[follower].update(opened, size)
            assert followed.is_equal(opened)


TestFiles = Files.TestCase
TestFiles.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
