"""Engine contract: rows come back in the order of insertion, each with a time of its own."""
# ruff: noqa: PLR2004, PT012, S101 - a test asserts, compares with plain numbers, and raises inside of blocks

import threading
from typing import Any

import pytest

from xetrack.errors import InvalidTableError
from xetrack.plugin import Engine, Row
from xetrack_testing.base import Base, Opener
from xetrack_testing.rows import TABLE, listed, make_row, spelt, stamp

__all__ = ["OrderContract"]


def _numbers(engine: Engine, **chosen: Any) -> list[Any]:
    return [row["n"] for row in listed(engine.read(TABLE, **chosen))]


def _times(engine: Engine) -> list[Any]:
    return [row["timestamp"] for row in listed(engine.read(TABLE))]


class OrderContract(Base):
    """Order, identity, tables and transactions."""

    def test_rows_come_in_the_order_of_insertion_also_when_the_clock_goes_back(self, engine: Engine) -> None:
        """The clock says 5, 3, 9, 1, 7; the rows stay as they came."""
        for number, time in enumerate([5, 3, 9]):
            engine.append(TABLE, [make_row(time, {"n": number})])
        engine.append(TABLE, [make_row(1, {"n": 3}), make_row(7, {"n": 4})])
        assert _numbers(engine) == [0, 1, 2, 3, 4]
        assert _times(engine) == [stamp(time) for time in (5, 3, 9, 1, 7)]

    def test_head_and_tail_choose_among_rows_in_order(self, engine: Engine) -> None:
        """More than there are gives all there are; 0 gives none."""
        engine.append(TABLE, [make_row(10 - number, {"n": number}) for number in range(5)])
        assert _numbers(engine, head=2) == [0, 1]
        assert _numbers(engine, tail=2) == [3, 4]
        assert _numbers(engine, head=9) == _numbers(engine, tail=9) == [0, 1, 2, 3, 4]
        assert _numbers(engine, head=0) == _numbers(engine, tail=0) == []

    def test_head_and_tail_together_give_the_last_of_the_first(self, engine: Engine) -> None:
        """Both `head` and `tail` choose from the middle, of all runs and of one; positions depend on it."""
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
        """`track_id` chooses, `head` and `tail` choose among the chosen."""
        engine.append(TABLE, [make_row(number, {"n": number}, run="ab"[number % 2]) for number in range(6)])
        assert _numbers(engine, track_id="b") == [1, 3, 5]
        assert _numbers(engine, track_id="b", head=1) == [1]
        assert _numbers(engine, track_id="b", tail=1) == [5]
        assert _numbers(engine, track_id="c") == []
        assert (engine.count(TABLE), engine.count(TABLE, "b"), engine.count(TABLE, "c")) == (6, 3, 0)

    def test_a_taken_time_moves_on_in_the_row_handed_in_too(self, engine: Engine) -> None:
        """By as many microseconds as it takes."""
        engine.append(TABLE, [make_row(0), make_row(1)])
        row = make_row(0, {"n": 1})
        engine.append(TABLE, [row])
        assert row["timestamp"] == stamp(2)
        assert _times(engine) == [stamp(0), stamp(1), stamp(2)]

    def test_a_time_moves_on_over_the_end_of_a_year(self, engine: Engine) -> None:
        """Microseconds carry like any others."""
        rows = [make_row(0) | {"timestamp": "2025-12-31 23:59:59.999999"} for _ in range(2)]
        engine.append(TABLE, rows)
        assert _times(engine) == ["2025-12-31 23:59:59.999999", "2026-01-01 00:00:00.000000"]

    def test_runs_may_share_a_time(self, engine: Engine) -> None:
        """Only two rows of one run clash."""
        engine.append(TABLE, [make_row(0, run="a"), make_row(0, run="b")])
        assert _times(engine) == [stamp(0), stamp(0)]

    def test_a_batch_of_one_time_is_all_there(self, engine: Engine) -> None:
        """Each row gets the next free microsecond."""
        rows = [make_row(0, {"n": number}) for number in range(1000)]
        engine.append(TABLE, rows)
        times = _times(engine)
        assert len(times) == 1000
        told = enumerate(zip(times, rows, strict=True))
        assert [number for number, (time, row) in told if not time == row["timestamp"] == stamp(number)] == []

    def test_two_batches_of_the_same_times_are_both_there(self, engine: Engine) -> None:
        """None is lost, none replaced."""
        for half in range(2):
            engine.append(TABLE, [make_row(number, {"n": 100 * half + number}) for number in range(100)])
        assert _numbers(engine) == list(range(200))
        assert len(set(_times(engine))) == 200

    def test_a_free_time_stays_as_it_is_beside_clashing_ones(self, engine: Engine) -> None:
        """Of a batch, only rows whose time is taken move."""
        engine.append(TABLE, [make_row(5, run="a")])
        rows = [make_row(5, run="a"), make_row(3, run="a"), make_row(4, run="b")]
        engine.append(TABLE, rows)
        assert [row["timestamp"] for row in rows] == [stamp(6), stamp(3), stamp(4)]

    def test_a_row_handed_in_keeps_no_hold_on_what_is_stored(self, engine: Engine) -> None:
        """Changing it later changes nothing."""
        row = make_row(0, {"n": 1})
        engine.append(TABLE, [row])
        row["n"] = 2
        assert _numbers(engine) == [1]

    def test_no_rows_make_no_table(self, engine: Engine) -> None:
        """Tables come into being with their first row."""
        engine.append(TABLE, [])
        assert engine.merge(TABLE, []) == []
        assert engine.tables() == []

    def test_a_table_that_does_not_exist_gives_nothing(self, engine: Engine) -> None:
        """Never an error."""
        assert (engine.read("t"), listed(engine.read("t", track_id="a", tail=1))) == ({}, [])
        assert list(engine.scan("t")) == []
        assert (engine.count("t"), engine.columns("t"), engine.runs("t"), engine.latest_run("t")) == (0, {}, [], None)
        assert (engine.update("t", "x", 1), engine.delete("t", "a")) == (0, 0)
        engine.drop("t")
        assert engine.tables() == []

    def test_tables_are_apart_and_listed_sorted(self, engine: Engine) -> None:
        """Under names that need quoting, too."""
        names = ["zebra", "a table", "events", 'quo"ted', "日本", "select", "x'y"]
        for number, name in enumerate(names):
            engine.append(name, [make_row(0, {"n": number})])
        assert engine.tables() == sorted(names)
        assert [listed(engine.read(name))[0]["n"] for name in names] == list(range(len(names)))

    def test_default_is_another_name_of_events(self, engine: Engine) -> None:
        """`table="default"` was the default in xetrack 0.x."""
        engine.append("default", [make_row(0, {"n": 0})])
        engine.append("events", [make_row(1, {"n": 1})])
        assert engine.count("events") == engine.count("default") == 2
        assert engine.tables() == ["events"]

    @pytest.mark.parametrize(
        "name", ["", "xetrack_runs", "XETRACK_x", "sqlite_master", "assets", "keys", "counts", "a\0b"]
    )
    def test_names_that_the_store_needs_are_refused(self, engine: Engine, name: str) -> None:
        """And nothing is stored."""
        with pytest.raises(InvalidTableError):
            engine.append(name, [make_row(0)])
        assert engine.tables() == []

    def test_a_scan_gives_every_row_once_in_order_a_few_at_a_time(self, engine: Engine) -> None:
        """Keys that only some rows have are there, too."""
        rows = [make_row(20 - number, {"n": number, f"k{number % 3}": number}) for number in range(10)]
        engine.append(TABLE, rows)
        chunks = [listed(columns) for columns in engine.scan(TABLE, 4)]
        assert [len(chunk) for chunk in chunks] == [4, 4, 2]
        assert spelt([row for chunk in chunks for row in chunk]) == spelt(rows)

    def test_the_latest_run_is_the_one_that_logged_last(self, engine: Engine) -> None:
        """Whatever the clock said."""
        for time, run in [(9, "a"), (5, "b"), (1, "a"), (0, "c")]:
            engine.append(TABLE, [make_row(time, run=run)])
        assert engine.latest_run(TABLE) == "c"
        engine.delete(TABLE, "c")
        assert engine.latest_run(TABLE) == "a"

    def test_a_transaction_is_seen_at_its_end(self, engine: Engine) -> None:
        """What was written inside is there."""
        with engine.transaction():
            engine.append(TABLE, [make_row(0, {"n": 0})])
            engine.append(TABLE, [make_row(1, {"n": 1})])
            engine.update(TABLE, "n", 7, where=("n", 0))
        assert _numbers(engine) == [7, 1]

    def test_a_transaction_that_raises_leaves_no_trace(self, engine: Engine) -> None:
        """Rows, columns, tables, updates, deletions: all undone, and the engine goes on."""
        engine.append(TABLE, [make_row(0, {"n": 0})])
        with pytest.raises(ZeroDivisionError), engine.transaction():
            engine.append(TABLE, [make_row(1, {"n": 1, "new": 1})])
            engine.append("other", [make_row(0)])
            engine.update(TABLE, "n", 9)
            engine.delete(TABLE, "run-1")
            _ = 1 / 0
        assert spelt(listed(engine.read(TABLE))) == spelt([make_row(0, {"n": 0})])
        assert engine.tables() == [TABLE]
        assert "new" not in engine.columns(TABLE)
        engine.append(TABLE, [make_row(2, {"n": 2, "new": 2})])
        engine.append("other", [make_row(0)])
        assert _numbers(engine) == [0, 2]

    def test_an_inner_transaction_is_undone_alone(self, engine: Engine) -> None:
        """The outer one goes on and commits."""
        with engine.transaction():
            engine.append(TABLE, [make_row(0, {"n": 0})])
            with pytest.raises(ZeroDivisionError), engine.transaction():
                engine.append(TABLE, [make_row(1, {"n": 1, "inner": 1})])
                _ = 1 / 0
            engine.append(TABLE, [make_row(2, {"n": 2})])
        assert _numbers(engine) == [0, 2]
        engine.append(TABLE, [make_row(3, {"n": 3, "inner": 3})])
        assert listed(engine.read(TABLE))[-1]["inner"] == 3

    def test_an_outer_transaction_undoes_the_inner_one(self, engine: Engine) -> None:
        """Only the outermost commits."""
        with pytest.raises(ZeroDivisionError), engine.transaction():
            with engine.transaction():
                engine.append(TABLE, [make_row(0)])
            _ = 1 / 0
        assert engine.count(TABLE) == 0

    def test_threads_share_an_engine(self, engine: Engine) -> None:
        """Of 8 threads that log the same times, no row is lost, and each thread's rows are in its order."""
        start = threading.Barrier(8)
        failures: list[BaseException] = []

        def log(thread: int) -> None:
            try:
                start.wait()
                for number in range(50):
                    engine.append(TABLE, [make_row(number, {"thread": thread, "n": number, f"k{thread}": 1})])
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=log, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        rows = listed(engine.read(TABLE))
        assert [[row["n"] for row in rows if row["thread"] == each] for each in range(8)] == [list(range(50))] * 8

    def test_what_was_stored_is_there_after_reopening(self, opener: Opener) -> None:
        """In order, exactly, with columns that changed type."""
        self.require("durable")
        rows: list[Row] = [make_row(9, {"x": 1}), make_row(5, {"x": "1", "": True}), make_row(7, {"x": float("nan")})]
        first = opener()
        first.append(TABLE, rows)
        first.close()
        second = opener()
        assert spelt(listed(second.read(TABLE))) == spelt(rows)
        again = make_row(9)
        second.append(TABLE, [again])
        assert again["timestamp"] == stamp(10)

    def test_engines_on_one_store_see_each_others_rows_columns_and_tables(self, opener: Opener) -> None:
        """And the lack of them after a drop."""
        self.require("shared")
        one, two = opener(), opener()
        one.append(TABLE, [make_row(0, {"n": 0})])
        clashing = make_row(0, {"n": 1, "new": 1})
        two.append(TABLE, [clashing])
        assert clashing["timestamp"] == stamp(1)
        one.append(TABLE, [make_row(2, {"n": 2, "new": 2})])
        assert _numbers(one) == _numbers(two) == [0, 1, 2]
        two.drop(TABLE)
        assert one.count(TABLE) == 0
        one.append(TABLE, [make_row(0, {"n": "text"})])
        assert _numbers(two) == ["text"]
