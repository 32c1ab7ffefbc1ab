"""Counters of what was changed and deleted, for whoever keeps a copy of a table."""

import sqlite3
from contextlib import closing

import pytest

from xetrack import Reader, Tracker
from xetrack.sqlite import COUNTERS, WHOLE_TABLE


@pytest.fixture
def db(tmp_path):
    for run in "ab":
        with Tracker(tmp_path / "a.db", track_id=run) as tracker:
            tracker.log_batch([{"n": 1}, {"n": 2}])
    return tmp_path / "a.db"


def counters(db):
    with closing(sqlite3.connect(db)) as connection:
        return dict(connection.execute(f"SELECT track_id, changes FROM {COUNTERS} WHERE event_table = 'events'"))


def test_logging_counts_nothing(db):
    assert counters(db).keys() == {WHOLE_TABLE}


@pytest.mark.parametrize(("statement", "runs"), [
    ("UPDATE events SET n = 3 WHERE track_id = 'a'", {"a"}),
    ("DELETE FROM events WHERE track_id = 'b' AND n = 1", {"b"}),
    ("UPDATE events SET track_id = 'c' WHERE track_id = 'a'", {"a", "c"}),
])  # fmt: skip
def test_each_change_counts_for_its_runs_whoever_makes_it(db, statement, runs):
    before = counters(db)
    for _ in range(2):
        with closing(sqlite3.connect(db)) as connection:
            connection.execute(statement)
            connection.commit()

    after = counters(db)
    assert {run for run, count in after.items() if count != before.get(run)} == runs
    assert all(after[run] > before.get(run, 0) for run in runs)


def test_a_table_that_is_made_anew_has_another_counter_and_none_of_the_old(db):
    Reader(db).set_value("n", 3, "a")
    before = counters(db)
    with Tracker(db, reset=True, track_id="a") as tracker:
        tracker.log({"n": 1})

    assert counters(db).keys() == {WHOLE_TABLE}
    assert counters(db)[WHOLE_TABLE] != before[WHOLE_TABLE]
