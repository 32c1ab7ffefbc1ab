"""`xt watch` finds new rows whatever is deleted meanwhile."""

import pytest

from xetrack import Reader, Tracker
from xetrack_cli.commands.watch import follow


@pytest.fixture
def start(db):
    """Starts to follow; each call of what it returns gives the next rows."""
    with Reader(db) as reader:

        def following(n, track_id=None):
            batches = follow(reader, n, track_id)
            return lambda: [row["epoch"] for row in next(batches)]

        yield following


def log(db, *numbers, track_id="new-run-0001"):
    with Tracker(db, track_id=track_id) as tracker:
        tracker.log_batch([{"epoch": number} for number in numbers])


def test_begins_with_the_last_and_goes_on_with_the_new(start, db):
    rows = start(2)
    assert rows() == [1, 2]
    assert rows() == []
    log(db, *range(10, 300))
    assert rows() == list(range(10, 300))
    assert rows() == []


def test_none_to_begin_with(start, db):
    rows = start(0)
    assert rows() == []
    log(db, 7)
    assert rows() == [7]


def test_rows_that_are_deleted_change_nothing(start, db):
    rows = start(10)
    assert len(rows()) == 6
    log(db, 7, 8)
    assert rows() == [7, 8]
    Reader(db).delete_run("new-run-0001")
    assert rows() == []
    log(db, 9, track_id="new-run-0002")
    assert rows() == [9]


def test_a_table_that_begins_anew(start, db):
    rows = start(10)
    assert len(rows()) == 6
    for track_id in ("first-run-0001", "second-run-0002"):
        Reader(db).delete_run(track_id)
    assert rows() == []
    log(db, 1, 2)
    assert rows() == [1, 2]


def test_one_run_only(start, db):
    rows = start(1, "first-run-0001")
    assert rows() == [2]
    log(db, 7)
    assert rows() == []
    log(db, 8, track_id="first-run-0001")
    assert rows() == [8]


def test_an_empty_table(tmp_path):
    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log({"epoch": 1})
        tracker.conn.execute("DELETE FROM db.events")
        batches = follow(Reader(tmp_path / "v.db"), 5)
        assert next(batches) == []
        tracker.log({"epoch": 2})
        assert [row["epoch"] for row in next(batches)] == [2]
