"""Lists of runs are exact whoever writes and whatever becomes of the file, and read few rows."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from xetrack import Reader, Tracker
from xetrack._sqlite import summaries
from xetrack._sqlite.cells import EXTRA
from xetrack.plugin import Run
from xetrack.sqlite import SqliteEngine
from xetrack_testing.rows import exact, make_row, stamp

from .test_changes import reload, sql

RUNS = st.sampled_from("abcd")
SUMMARIES = "SELECT track_id, rows FROM xetrack_summaries WHERE event_table = 'events' ORDER BY last_row"


def counted(db):
    """What every run adds up to, most recently active first, by reading all rows one by one."""
    found = {}
    with closing(SqliteEngine(str(db), read_only=True)) as engine:
        for columns in engine.scan("events"):
            for values in zip(*columns.values(), strict=True):
                row = {key: value for key, value in zip(columns, values, strict=True) if value is not None}
                track_id, time = row.pop("track_id"), row.pop("timestamp")
                rows, first, last, known = found.pop(track_id, (0, time, time, {}))
                found[track_id] = (rows + 1, min(first, time), max(last, time), known | row)
    return [(track_id, *rest, exact([values])) for track_id, (*rest, values) in reversed(found.items())]


def told(runs):
    return [(run.track_id, run.rows, run.first, run.last, exact([run.values])) for run in runs]


def check(db, limit=None, track_ids=None):
    """Compare the list of runs with the rows. Return the list."""
    expected = [run for run in counted(db) if track_ids is None or run[0] in track_ids]
    with closing(SqliteEngine(str(db), read_only=True)) as engine:
        runs = engine.runs("events", limit=limit, track_ids=track_ids)
    assert told(runs) == expected[:limit]
    return runs


def stored(db):
    with closing(sqlite3.connect(db)) as connection:
        return connection.execute(SUMMARIES).fetchall()


def end(db, track_id, *data):
    with Tracker(db, track_id=track_id) as tracker:
        tracker.log_batch(data or [{"n": 1}, {"n": 2}])


@pytest.fixture
def few(monkeypatch):
    """Sum up every row at once."""
    monkeypatch.setattr(summaries, "_FEW", 1)


@pytest.fixture
def db(tmp_path, few):
    for run in "ab":
        end(tmp_path / "a.db", run)
    return tmp_path / "a.db"


INSERT = "INSERT INTO events (timestamp, track_id, n) VALUES ('2999-01-01 00:00:00.000000', 'a', 7)"


@pytest.mark.parametrize("statements", [
    [INSERT],
    [INSERT.replace("2999", "1999")],
    [INSERT, "UPDATE events SET n = 8 WHERE n = 7"],
    [INSERT, "DELETE FROM events WHERE n = 7"],
    ["UPDATE events SET n = NULL WHERE n = 2"],
    ["UPDATE events SET track_id = 'c' WHERE n = 1"],
    ["UPDATE events SET track_id = 'b', timestamp = '2' || timestamp WHERE track_id = 'a'"],
    ["UPDATE events SET timestamp = '1' || timestamp WHERE track_id = 'a' AND n = 2"],
    ["DELETE FROM events WHERE track_id = 'b'"],
    ["DELETE FROM events WHERE track_id = 'b'", INSERT],
    ["DELETE FROM events"],
    ["UPDATE events SET _rowid_ = _rowid_ + 10"],
    ["UPDATE events SET _rowid_ = -_rowid_ WHERE n = 1"],
    ["DELETE FROM events WHERE _rowid_ = 1", "VACUUM"],
    ["DROP TRIGGER xetrack_events_changed", "UPDATE events SET n = 5"],
    ["DELETE FROM xetrack_meta WHERE key = 'id'", INSERT],
])  # fmt: skip
def test_what_another_program_does_shows_at_once_and_after_the_next_end(db, statements):
    for statement in statements:
        sql(db, statement)
    check(db)
    check(db, limit=1)
    check(db, track_ids=["a", "c", "unknown"])
    end(db, "z", {"n": 1})
    check(db)
    assert "z" in dict(stored(db))


def test_rows_that_no_xetrack_writes_are_counted_by_sql(db):
    sql(db, "INSERT INTO events (timestamp, track_id, n) VALUES (x'05', 'a', 7), (x'06', x'07', 8)")
    for _ in range(2):
        with closing(SqliteEngine(str(db), read_only=True)) as engine:
            listed = [(run.track_id, run.rows, run.last) for run in engine.runs("events")]
            assert listed[-3:-1] == [(b"\x07", 1, b"\x06"), ("a", 3, b"\x05")]
            assert len(engine.runs("events", limit=2)) == 2
        end(db, "z")


def test_few_rows_are_left_to_readers(db, monkeypatch):
    monkeypatch.setattr(summaries, "_FEW", 5)
    before = stored(db)
    for run in "cd":
        end(db, run)
        check(db)
        assert stored(db) == before
    end(db, "e")
    assert stored(db) == [*before, ("c", 2), ("d", 2), ("e", 2)]
    end(db, "f")
    sql(db, "UPDATE events SET n = 5 WHERE track_id = 'a'")
    check(db)
    end(db, "g")
    assert stored(db)[-1] == ("g", 2)
    check(db)


def test_the_rows_of_ended_runs_are_summed_up_once(db, monkeypatch):
    assert stored(db) == [("a", 2), ("b", 2)]
    looked_at = []
    real = summaries.count
    monkeypatch.setattr(summaries, "count", lambda *args, **how: looked_at.append(found := real(*args, **how)) or found)
    check(db)
    assert [each for each in looked_at if each] == []
    sql(db, INSERT)
    check(db)
    assert [(run, totals.rows) for each in looked_at for run, totals in each.items()] == [("a", 1)]
    end(db, "c")
    looked_at.clear()
    check(db)
    assert [each for each in looked_at if each] == []


def test_the_values_that_a_tracker_logged_alone_are_not_read_again(db, monkeypatch):
    monkeypatch.setattr(summaries, "count", lambda *_, **__: pytest.fail("counted"))
    end(db, "c")
    assert stored(db)[-1] == ("c", 2)


@pytest.mark.parametrize("spoilt", [
    "UPDATE events SET n = 9 WHERE track_id = 'c'",
    "DELETE FROM events WHERE track_id = 'c' AND n = 1",
    INSERT.replace("'a'", "'c'"),
    INSERT,
])  # fmt: skip
def test_what_a_tracker_remembers_counts_only_if_nobody_changed_its_run(db, spoilt):
    with Tracker(db, track_id="c") as tracker:
        tracker.log_batch([{"n": 1}, {"n": 2}])
        sql(db, spoilt)
    check(db)
    assert "c" in dict(stored(db))


def test_what_the_caller_of_finish_run_claims_is_checked(db):
    run = Run("c", "events", host="h", pid=1)
    with closing(SqliteEngine(str(db))) as engine:
        engine.save_run(run)
        engine.append("events", [make_row(0, {"n": 1}, run="c"), make_row(0, {"n": 1}, run="d")])
        engine.finish_run(replace(run, rows=2, values={"n": 7}, status="finished", ended=stamp(9)))
    check(db)
    assert stored(db)[2:] == [("c", 1), ("d", 1)]


def test_two_trackers_of_one_run_and_a_resumed_run(db):
    with Tracker(db, track_id="c") as one, Tracker(db, track_id="c") as other:
        one.log({"n": 1})
        other.log({"m": 2})
        one.log({"n": 3, "m": None})
    check(db)
    end(db, "a", {"m": 5})
    check(db)
    assert stored(db) == [("b", 2), ("c", 3), ("a", 3)]


def test_a_run_under_way_is_summed_up_when_another_ends(db):
    with Tracker(db, track_id="long") as tracker:
        for number in range(3):
            tracker.log({"n": number, "big": 2**70})
            end(db, f"short-{number}")
            assert dict(stored(db))["long"] == number + 1
            check(db)
    check(db)


def test_a_killed_tracker(db):
    code = (
        "import os, signal, sys; from xetrack import Tracker; t = Tracker(sys.argv[1], track_id='killed');"
        "t.log({'n': 5}); os.kill(os.getpid(), signal.SIGKILL)"
    )
    process = subprocess.run([sys.executable, "-c", code, str(db)], check=False, env=os.environ | {"COLUMNS": "80"})
    assert process.returncode == -signal.SIGKILL
    assert check(db)[0].track_id == "killed"
    assert "killed" not in dict(stored(db))
    end(db, "c")
    check(db)
    assert "killed" in dict(stored(db))


def test_a_run_that_is_deleted_leaves_the_other_summaries(db):
    end(db, "c")
    with Tracker(db, track_id="d") as tracker:
        tracker.log({"n": 1})
        for run in "cad":
            Reader(db).delete_run(run)
            check(db)
            tracker.log({"n": 2})
    assert stored(db) == [("b", 2)]
    check(db)


@pytest.mark.parametrize("most", [1, 3, 1_000_000])
def test_a_deletion_forgets_no_change_of_another_run_and_no_row(db, monkeypatch, most):
    end(db, "c")
    monkeypatch.setattr(summaries, "_MOST", most)
    sql(db, "UPDATE events SET n = 9 WHERE track_id = 'a'")
    with closing(SqliteEngine(str(db))) as engine:
        engine.append("events", [make_row(number, {"n": number}, run=run) for number, run in enumerate("abdd")])
    Reader(db).delete_run("b")
    check(db)
    Reader(db).delete_run("d")
    check(db)


@pytest.mark.parametrize("values", [[2**70, 3], [3, 2**70], [3, None], ["text", float("nan")], [float("nan"), 3]])
def test_the_last_value_counts_in_a_column_or_beside_it(db, values):
    end(db, "c", *({"n": value} for value in values))
    check(db)
    sql(db, "UPDATE events SET timestamp = '1' || timestamp")
    check(db)
    end(db, "c", *({"n": value} for value in values))
    check(db)


def test_a_long_table_is_summed_up_over_several_ends(db, monkeypatch):
    monkeypatch.setattr(summaries, "_MOST", 10)
    sql(db, "DELETE FROM xetrack_meta WHERE key LIKE 'summarized%'")
    with closing(SqliteEngine(str(db))) as engine:
        engine.append("events", [make_row(number, {"n": number}, run=f"r{number % 7}") for number in range(30)])
    totals = []
    for number in range(5):
        end(db, f"z{number}", {"n": 1})
        check(db)
        totals.append(sum(rows for _, rows in stored(db)))
        sql(db, f"UPDATE events SET n = {number} WHERE track_id IN ('a', 'r2', 'r6')")
        check(db)
    assert totals == [10, 20, 30, 38, 39]


def test_a_damaged_row_lets_runs_end(db):
    sql(db, f"ALTER TABLE events ADD COLUMN {EXTRA} JSON TEXT")
    sql(db, f"UPDATE events SET {EXTRA} = '7' WHERE _rowid_ = 1")
    end(db, "c")
    assert stored(db) == []
    sql(db, f"UPDATE events SET {EXTRA} = NULL")
    check(db)
    end(db, "d")
    assert [run.status for run in check(db)] == ["finished"] * 4


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"n": {"bytes": 1}}', "{}, {}"])
def test_a_damaged_summary_is_made_again(db, text):
    sql(db, f"UPDATE xetrack_summaries SET last_values = '{text}' WHERE track_id = 'a'")
    check(db)
    end(db, "a", {"m": 1})
    check(db)
    assert dict(stored(db))["a"] == 3


def test_each_table_has_summaries_of_its_own(db):
    with Tracker(db, table="it's", track_id="a") as tracker:
        tracker.log({"n": "other"})
    sql(db, "UPDATE \"it's\" SET n = 'changed'")
    check(db)
    with closing(SqliteEngine(str(db))) as engine:
        assert [(run.rows, run.values["n"]) for run in engine.runs("it's")] == [(1, "changed")]
        engine.drop("it's")
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("SELECT DISTINCT event_table FROM xetrack_summaries").fetchall() == [("events",)]
        assert connection.execute("SELECT key FROM xetrack_meta WHERE key LIKE 'summ%'").fetchall() == [
            ("summarized events",)
        ]


def test_a_file_from_before_there_were_summaries(db):
    sql(db, "DROP TABLE xetrack_summaries")
    sql(db, "DELETE FROM xetrack_meta WHERE key LIKE 'summarized%'")
    sql(db, "ALTER TABLE xetrack_runs ADD COLUMN summary JSON")
    for event in ("UPDATE", "DELETE"):
        sql(db, f"CREATE TRIGGER xetrack_events_{event} AFTER {event} ON events BEGIN"
                " UPDATE xetrack_runs SET summary = NULL WHERE track_id = OLD.track_id; END")  # fmt: skip
    assert [run.status for run in check(db)] == ["finished"] * 2
    check(db, limit=1)
    check(db, track_ids=["a"])
    end(db, "c")
    check(db)
    assert [run for run, _ in stored(db)] == ["a", "b", "c"]
    with closing(sqlite3.connect(db)) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name").fetchall()
    assert triggers == [(f"xetrack_events_{name}",) for name in ("changed", "deleted", "renamed")]


class Files(RuleBasedStateMachine):
    """A file that several programs write, restore and compact."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.db = self.folder / "a.db"
        self.saved = self.folder / "saved.db"
        self.number = 0
        self.trackers = {}
        self.before = (summaries._MOST, summaries._FEW)
        summaries._FEW = 1
        end(self.db, "a")

    def teardown(self):
        summaries._MOST, summaries._FEW = self.before
        for tracker in self.trackers.values():
            tracker.close()
        shutil.rmtree(self.folder)

    @rule(most=st.sampled_from([1, 3, 1_000_000]), few=st.sampled_from([1, 1, 3, 500]))
    def look_at(self, most, few):
        summaries._MOST, summaries._FEW = most, few

    @rule(run=RUNS, tracker=st.integers(0, 1), data=st.lists(
        st.dictionaries(st.sampled_from(["n", "m", "N"]), st.sampled_from([1, 0.5, "text", None, 2**70])),
        min_size=1, max_size=3,
    ))  # fmt: skip
    def log(self, run, tracker, data):
        if (run, tracker) not in self.trackers:
            self.trackers[run, tracker] = Tracker(self.db, track_id=run)
        self.trackers[run, tracker].log_batch(data)

    @rule(run=RUNS, tracker=st.integers(0, 1), value=st.sampled_from([3, None, "set"]))
    def set_value(self, run, tracker, value):
        if (run, tracker) in self.trackers:
            self.trackers[run, tracker].set_value("n", value)

    @rule(run=RUNS, tracker=st.integers(0, 1))
    def finish(self, run, tracker):
        if (run, tracker) in self.trackers:
            self.trackers.pop((run, tracker)).close()

    @rule(run=RUNS, tracker=st.integers(0, 1))
    def kill(self, run, tracker):
        """As `kill -9` does: the rows are there, and the run never ends."""
        if (run, tracker) in self.trackers:
            self.trackers.pop((run, tracker)).engine.close()

    @rule(run=RUNS, hour=st.integers(0, 23))
    def insert(self, run, hour):
        self.number += 1
        time = f"20{hour:02}-01-01 00:00:00.{self.number:06}"
        self.run_sql("INSERT INTO events (timestamp, track_id) VALUES ('{time}', '{run}')", run, time=time)

    @rule(statement=st.sampled_from([
        "UPDATE events SET timestamp = '3' || timestamp WHERE track_id = '{run}'",
        "UPDATE events SET timestamp = '9' || timestamp WHERE _rowid_ = (SELECT max(_rowid_) FROM events)",
        "UPDATE OR IGNORE events SET track_id = 'c' WHERE track_id = '{run}'",
        "DELETE FROM events WHERE track_id = '{run}'",
        "DELETE FROM events WHERE _rowid_ = (SELECT max(_rowid_) FROM events)",
        "DELETE FROM events WHERE _rowid_ = (SELECT min(_rowid_) FROM events)",
        "UPDATE OR IGNORE events SET _rowid_ = -_rowid_ WHERE track_id = '{run}'",
        "VACUUM",
    ]), run=RUNS)  # fmt: skip
    def run_sql(self, statement, run, **names):
        with closing(SqliteEngine(str(self.db))) as engine:
            there = engine.tables()
        if there:
            sql(self.db, statement.format(run=run, **names))

    @rule(run=RUNS)
    def delete_run(self, run):
        with closing(SqliteEngine(str(self.db))) as engine:
            engine.delete("events", run)

    @rule()
    def reset(self):
        with closing(SqliteEngine(str(self.db))) as engine:
            engine.drop("events")

    @rule()
    def reload(self):
        self.end_all()
        reload(self.db)

    @rule()
    def save(self):
        self.overwrite(self.db, self.saved)

    @precondition(lambda self: self.saved.exists())
    @rule()
    def restore(self):
        self.overwrite(self.saved, self.db)

    def end_all(self):
        for tracker in self.trackers.values():
            tracker.close()
        self.trackers.clear()

    @staticmethod
    def overwrite(source, target):
        with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
            one.backup(other)

    @invariant()
    def list_all(self):
        check(self.db)

    @rule(limit=st.none() | st.integers(0, 3), chosen=st.none() | st.lists(RUNS, unique=True))
    def list_runs(self, limit, chosen):
        check(self.db, limit, chosen)


TestFiles = Files.TestCase
TestFiles.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


def test_records_and_totals_belong_together(db):
    """A run that ended, one that crashed, one without a record, and a record without rows."""
    with closing(SqliteEngine(str(db))) as engine:
        engine.save_run(Run("empty", "events", host="h", pid=1))
        record = Run("open", "events", started=stamp(0), host="h", pid=1, params={"p": 1})
        engine.save_run(record)
        engine.append("events", [make_row(0, run="open"), make_row(0, run="none")])
        for _ in range(2):
            runs = {run.track_id: (run.status, run.params) for run in engine.runs("events")}
            assert runs["open"] == ("running", {"p": 1})
            assert runs["none"] == ("", {})
            assert runs["a"][0] == "finished"
            assert "empty" not in runs
            engine.finish_run(replace(record, track_id="a", pid=os.getpid()))
            end(db, "z")
