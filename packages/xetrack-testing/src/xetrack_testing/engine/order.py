"""Rows come back in the order of insertion."""

from typing import Any

from xetrack.plugin import Engine
from xetrack_testing.engine.fixtures import EngineFixtures
from xetrack_testing.rows import TABLE, exact, make_row, rows_of, stamp

__all__ = ["OrderContract"]


class OrderContract(EngineFixtures):
    """`read`, `scan`, `count` and `latest_run` follow the order of insertion, whatever the clock said."""

    def test_rows_keep_insertion_order_when_the_clock_goes_back(self, engine: Engine) -> None:
        """Timestamps 5, 3, 9, 1, 7 do not reorder rows."""
        for number, time in enumerate([5, 3, 9]):
            engine.append(TABLE, [make_row(time, {"n": number})])
        engine.append(TABLE, [make_row(1, {"n": 3}), make_row(7, {"n": 4})])
        assert _numbers(engine) == [0, 1, 2, 3, 4]
        assert [row["timestamp"] for row in rows_of(engine.read(TABLE))] == [stamp(time) for time in (5, 3, 9, 1, 7)]

    def test_head_and_tail_choose_among_rows_in_order(self, engine: Engine) -> None:
        """A number beyond the end returns all rows; 0 returns none."""
        engine.append(TABLE, [make_row(10 - number, {"n": number}) for number in range(5)])
        assert _numbers(engine, head=2) == [0, 1]
        assert _numbers(engine, tail=2) == [3, 4]
        assert _numbers(engine, head=9) == _numbers(engine, tail=9) == [0, 1, 2, 3, 4]
        assert _numbers(engine, head=0) == _numbers(engine, tail=0) == []

    def test_tail_applies_after_head(self, engine: Engine) -> None:
        """`head` and `tail` together return the last rows of the first ones, of all runs or of one."""
        engine.append(TABLE, [make_row(10 - number, {"n": number}, run="ab"[number % 2]) for number in range(8)])
        assert _numbers(engine, head=4, tail=2) == [2, 3]
        assert _numbers(engine, head=99, tail=2) == [6, 7]
        assert _numbers(engine, head=1, tail=2) == [0]
        assert _numbers(engine, track_id="b", head=3, tail=1) == [5]
        assert _numbers(engine, track_id="b", head=9, tail=2) == [5, 7]
        engine.delete(TABLE, "a")
        assert _numbers(engine, head=3, tail=2) == _numbers(engine, track_id="b", head=3, tail=2) == [3, 5]
        assert _numbers(engine, track_id="a", head=3, tail=1) == []

    def test_one_run_is_read_and_counted_alone(self, engine: Engine) -> None:
        """`track_id` filters rows before `head` and `tail` do."""
        engine.append(TABLE, [make_row(number, {"n": number}, run="ab"[number % 2]) for number in range(6)])
        assert _numbers(engine, track_id="b") == [1, 3, 5]
        assert _numbers(engine, track_id="b", head=1) == [1]
        assert _numbers(engine, track_id="b", tail=1) == [5]
        assert _numbers(engine, track_id="c") == []
        assert (engine.count(TABLE), engine.count(TABLE, "b"), engine.count(TABLE, "c")) == (6, 3, 0)

    def test_a_scan_returns_every_row_once_in_chunks(self, engine: Engine) -> None:
        """Chunks keep the order, and include keys that only some rows have."""
        rows = [make_row(20 - number, {"n": number, f"k{number % 3}": number}) for number in range(10)]
        engine.append(TABLE, rows)
        chunks = [rows_of(columns) for columns in engine.scan(TABLE, 4)]
        assert [len(chunk) for chunk in chunks] == [4, 4, 2]
        assert exact([row for chunk in chunks for row in chunk]) == exact(rows)

    def test_the_latest_run_is_the_one_that_logged_last(self, engine: Engine) -> None:
        """Timestamps do not matter."""
        for time, run in [(9, "a"), (5, "b"), (1, "a"), (0, "c")]:
            engine.append(TABLE, [make_row(time, run=run)])
        assert engine.latest_run(TABLE) == "c"
        engine.delete(TABLE, "c")
        assert engine.latest_run(TABLE) == "a"


def _numbers(engine: Engine, **chosen: Any) -> list[Any]:
    return [row["n"] for row in rows_of(engine.read(TABLE, **chosen))]
