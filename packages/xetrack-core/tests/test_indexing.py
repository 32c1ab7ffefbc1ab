"""Rows by position: `tracker[i]` and slices, as of a list, at the cost of one row."""

import random

import numpy as np
import pytest

from xetrack import Reader, Tracker
from xetrack.errors import KeyNotFoundError, OptionError, RowNotFoundError
from xetrack.sqlite import SqliteEngine

BOUNDS = (None, 0, 1, 2, 5, 6, 7, 100, 2**70, -1, -2, -6, -7, -(2**70))
STEPS = (None, 1, 2, 3, 50, -1, -2, -50)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "track.db"


def fill(tracker, other, seed, rows=6):
    """Log rows of two runs in random turns."""
    chance = random.Random(seed)
    left = [tracker] * rows + [other] * 9
    chance.shuffle(left)
    for number, each in enumerate(left):
        each.log({"n": number, "of": each.track_id} if number % 2 else {"n": number})


@pytest.mark.parametrize("engine", ["sqlite", "memory"])
def test_positions_and_slices_are_those_of_a_list(path, engine):
    seed = random.randrange(2**32)
    with Tracker(path, engine=engine) as tracker:
        other = Tracker(path) if engine == "sqlite" else tracker
        fill(tracker, other, seed)
        rows = list(tracker)

        for index in range(-len(rows), len(rows)):
            assert tracker[index] == tracker[np.int64(index)] == rows[index], index
        for start in BOUNDS:
            for stop in BOUNDS:
                for step in STEPS:
                    assert tracker[start:stop:step] == rows[start:stop:step], (start, stop, step)


def test_a_reader_has_them_too_also_where_rows_are_gone(path):
    seed = random.randrange(2**32)
    with Tracker(path) as tracker, Tracker(path) as other, Tracker(path) as gone:
        fill(tracker, gone, seed)
        fill(gone, other, seed + 1)
        with Reader(path) as reader:
            for _ in range(2):
                rows = list(reader)
                for index in range(-len(rows), len(rows)):
                    assert reader[index] == rows[index], index
                for start, stop, step in [(None, None, None), (3, 9, 2), (-5, None, -1), (9, 3, None), (9, 3, -2)]:
                    assert reader[start:stop:step] == rows[start:stop:step], (start, stop, step)
                reader.delete_run(gone.track_id)
        assert len(rows) == 15


def test_positions_follow_what_is_written(path):
    with Tracker(path) as tracker, Tracker(path) as other:
        fill(tracker, other, 0)
        assert tracker[2:] == list(tracker)[2:]

        other.log({"n": -1})
        tracker.log({"n": 100})
        assert (len(tracker), tracker[6]["n"], tracker[-1]["n"]) == (7, 100, 100)

        tracker.set_value("n", 5)
        assert [row["n"] for row in tracker[:]] == [5] * 7

        tracker.conn.execute("SELECT 1").fetchone()
        with Reader(path) as reader:
            reader.delete_run(tracker.track_id)
        assert (len(tracker), tracker[:]) == (0, [])
        with pytest.raises(RowNotFoundError, match=r"there is no row 2\. Number of rows: 0"):
            tracker[2]


def test_positions_inside_a_transaction_are_gone_with_it(path):
    with Tracker(path) as tracker:
        tracker.log({"n": 0})
        row = dict(tracker[0])
        with pytest.raises(ZeroDivisionError), tracker.engine.transaction():  # noqa: PT012 - all of it is undone
            tracker.engine.append("events", [{"timestamp": "2001", "track_id": tracker.track_id, "n": 1}])
            assert tracker[1]["n"] == 1
            raise ZeroDivisionError
        tracker.engine.append("events", [{"timestamp": "2002", "track_id": tracker.track_id, "n": 2}])
        assert [row, *tracker[1:]] == list(tracker)
        assert tracker[1]["n"] == 2


def test_positions_of_a_table_that_was_dropped_are_gone_with_it(path):
    with Tracker(path) as tracker:
        tracker.log_batch([{"n": 0}, {"n": 1}])
        assert tracker[1]["n"] == 1
        tracker.engine.drop("events")
        assert tracker[:] == []
        with Tracker(path, track_id=tracker.track_id) as again:
            again.log({"n": 3})
        assert [row["n"] for row in tracker[:]] == [3]


@pytest.mark.parametrize(
    "item", [2.5, None, [1], (0, 1), True, slice("a", None), slice(None, 2.0), slice(None, None, 0)]
)
def test_what_is_no_position_is_refused(path, item):
    with Tracker(path) as tracker:
        tracker.log({"n": 0})
        with pytest.raises(OptionError):
            tracker[item]


def test_an_unknown_key_says_which_is_close(path):
    with Tracker(path) as tracker:
        tracker.log({"accuracy": 0.5})
        with pytest.raises(
            KeyNotFoundError, match=r"no row has the key 'acuracy'\. Did you mean 'accuracy'\?"
        ) as caught:
            tracker["acuracy"]
    assert isinstance(caught.value, KeyError)


def work(engine: SqliteEngine, function):
    """How many hundreds of steps SQLite took for a call."""
    steps = []
    connection = engine.database.connection()
    connection.set_progress_handler(lambda: steps.append(1), 100)
    function()
    connection.set_progress_handler(None, 0)
    return len(steps)


@pytest.mark.parametrize("index", [0, 17, 2500, 4999, -1, -2, -2500, -5000])
def test_a_position_costs_what_one_row_costs(path, index):
    with Tracker(path) as tracker, Tracker(path) as other:
        other.log_batch([{"n": number} for number in range(5000)])
        tracker.log_batch([{"n": number} for number in range(5000)])
        other.log_batch([{"n": number} for number in range(50)])
        tracker[1], other[1]  # the first look finds the positions
        with Reader(path) as reader:
            reader[1]
            assert work(tracker.engine, tracker.to_df) > 500
            assert work(tracker.engine, lambda: tracker[index]) <= 20
            assert work(reader.engine, lambda: reader[index]) <= 20
