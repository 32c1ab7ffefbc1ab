"""`xt watch` finds new rows whatever is deleted meanwhile."""

import pytest

from xetrack import Reader, Tracker
from xetrack_cli.commands.watch import Follower


@pytest.fixture
def follower(db):
    with Reader(db) as reader:
        yield Follower(reader)


def epochs(rows):
    return [row["epoch"] for row in rows]


def log(db, *numbers, track_id="new-run-0001"):
    with Tracker(db, track_id=track_id) as tracker:
        tracker.log_batch([{"epoch": number} for number in numbers])


def test_begins_with_the_last_and_goes_on_with_the_new(follower, db):
    assert epochs(follower.last(2)) == [1, 2]
    assert follower.new() == []
    log(db, *range(10, 300))
    assert epochs(follower.new()) == list(range(10, 300))
    assert follower.new() == []


def test_none_to_begin_with(follower, db):
    assert follower.last(0) == []
    log(db, 7)
    assert epochs(follower.new()) == [7]


def test_rows_that_are_deleted_change_nothing(follower, db):
    follower.last(10)
    log(db, 7, 8)
    assert epochs(follower.new()) == [7, 8]
    Reader(db).delete_run("new-run-0001")
    assert follower.new() == []
    log(db, 9, track_id="new-run-0002")
    assert epochs(follower.new()) == [9]


def test_a_table_that_begins_anew(follower, db):
    follower.last(10)
    for track_id in ("first-run-0001", "second-run-0002"):
        Reader(db).delete_run(track_id)
    assert follower.new() == []
    log(db, 1, 2)
    assert epochs(follower.new()) == [1, 2]


def test_one_run_only(db):
    with Reader(db) as reader:
        follower = Follower(reader, "first-run-0001")
        assert epochs(follower.last(1)) == [2]
        log(db, 7)
        assert follower.new() == []
        log(db, 8, track_id="first-run-0001")
        assert epochs(follower.new()) == [8]


def test_an_empty_table(tmp_path):
    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log({"epoch": 1})
        tracker.conn.execute("DELETE FROM db.events")
        follower = Follower(Reader(tmp_path / "v.db"))
        assert follower.last(5) == []
        tracker.log({"epoch": 2})
        assert epochs(follower.new()) == [2]
