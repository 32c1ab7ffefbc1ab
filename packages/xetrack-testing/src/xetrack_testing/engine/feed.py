"""The change feed keeps a copy of a table equal to it."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from xetrack.plugin import Engine, Row
from xetrack_testing.engine.fixtures import EngineFixtures, Opener, stored
from xetrack_testing.rows import TABLE, exact, make_row, rows_of

__all__ = ["FeedContract", "Follower"]

_STEPS = 40


class Follower:
    """A copy of a table, kept up to date by the change feed alone.

    Attributes:
        rows: the copied rows, by their track id and timestamp.
        watermark: the last watermark.
        everything: whether the last `update` had to start over.
        added: the number of rows in the batches of the last `update`.
    """

    def __init__(self, watermark: str | None = None) -> None:
        self.rows: dict[tuple[Any, Any], Row] = {}
        self.watermark = watermark
        self.everything = False
        self.added = 0

    def update(self, engine: Engine, size: int = 10_000) -> "Follower":
        """Apply what happened since the last time."""
        changes = engine.changes(TABLE, self.watermark, size)
        self.everything, self.added = changes.everything, 0
        if changes.everything:
            self.rows.clear()
        for run in changes.runs:
            self.rows = {key: row for key, row in self.rows.items() if key[0] != run}
            for columns in engine.scan(TABLE, size, track_id=run):
                self._add(rows_of(columns))
        for batch in changes.batches:
            self.added += self._add(rows_of(batch.rows))
        self.watermark = changes.watermark
        return self

    def _add(self, rows: Sequence[Row]) -> int:
        self.rows |= {(row["track_id"], row["timestamp"]): row for row in rows}
        return len(rows)

    def is_equal(self, engine: Engine) -> bool:
        """Whether the copy has the rows of the table, exactly."""
        return _sorted(exact(list(self.rows.values()))) == _sorted(stored(engine))


class FeedContract(EngineFixtures):
    """`changes`, and `scan` of a run."""

    def test_the_first_call_returns_everything(self, engine: Engine) -> None:
        """And a watermark to go on from, also for a table that does not exist yet."""
        follower = Follower().update(engine)
        assert (follower.everything, follower.rows) == (True, {})
        engine.append(TABLE, [make_row(number, {"n": number}) for number in range(3)])
        assert follower.update(engine).is_equal(engine)
        assert Follower().update(engine).is_equal(engine)

    def test_later_calls_return_what_is_new(self, engine: Engine) -> None:
        """In insertion order, and nothing if nothing happened."""
        engine.append(TABLE, [make_row(9)])
        since = engine.changes(TABLE).watermark
        engine.append(TABLE, [make_row(5, {"n": 1}), make_row(1, {"n": 2}, run="other")])
        changes = engine.changes(TABLE, since)
        assert (changes.everything, list(changes.runs)) == (False, [])
        assert [row["n"] for batch in changes.batches for row in rows_of(batch.rows)] == [1, 2]
        changes = engine.changes(TABLE, changes.watermark)
        assert (changes.everything, list(changes.runs), list(changes.batches)) == (False, [], [])

    def test_changed_runs_are_named(self, engine: Engine) -> None:
        """Those with earlier rows that were updated or deleted, and new rows besides."""
        engine.append(TABLE, [make_row(number, {"n": number}, run=run) for run in "abcd" for number in range(2)])
        follower = Follower().update(engine)
        for number, change in enumerate(_changes(engine)):
            change()
            engine.append(TABLE, [make_row(number + 10, run="d")])
            assert follower.update(engine).is_equal(engine)
            assert (follower.everything, follower.added) == (False, 1)

    def test_a_table_made_anew_is_returned_as_a_whole(self, engine: Engine) -> None:
        """Even if it has as many rows as before."""
        engine.append(TABLE, [make_row(0, {"n": 1}), make_row(1, {"n": 1})])
        follower = Follower().update(engine)
        engine.drop(TABLE)
        engine.append(TABLE, [make_row(0, {"n": 2}), make_row(1, {"n": 1})])
        assert follower.update(engine).everything
        assert follower.is_equal(engine)

    def test_a_run_that_is_replaced_by_another_is_noticed(self, engine: Engine) -> None:
        """The store may use the places of deleted rows again."""
        engine.append(TABLE, [make_row(0), make_row(1, run="gone")])
        follower = Follower().update(engine)
        engine.delete(TABLE, "gone")
        engine.append(TABLE, [make_row(1, run="new")])
        assert follower.update(engine).is_equal(engine)

    def test_each_batch_has_a_watermark_to_resume_from(self, engine: Engine) -> None:
        """Batches have at most `size` rows. Interrupted reading goes on after the last batch."""
        engine.append(TABLE, [make_row(number, {"n": number}) for number in range(10)])
        changes = engine.changes(TABLE, None, 4)
        batches = list(changes.batches)
        assert [len(batch.rows["n"]) for batch in batches] == [4, 4, 2]
        assert batches[-1].watermark == changes.watermark
        engine.append(TABLE, [make_row(10, {"n": 10})])
        resumed = engine.changes(TABLE, batches[0].watermark, 100)
        assert not resumed.everything
        assert [row["n"] for batch in resumed.batches for row in rows_of(batch.rows)] == list(range(4, 11))

    @pytest.mark.parametrize("watermark", ["", "x", "[]", "{}", "0", "null", "[1, 2, 3]"])
    def test_a_text_that_is_no_watermark_of_the_store_does_not_fit(self, engine: Engine, watermark: str) -> None:
        """It returns everything."""
        engine.append(TABLE, [make_row(0)])
        follower = Follower(watermark).update(engine)
        assert follower.everything
        assert follower.is_equal(engine)

    def test_a_watermark_of_another_store_does_not_fit(self, engine: Engine, tmp_path: Path) -> None:
        """Even if both have the same rows."""
        other = self.open(tmp_path / "other")
        try:
            for each in (engine, other):
                each.append(TABLE, [make_row(0, {"n": 1})])
            assert Follower(other.changes(TABLE).watermark).update(engine).everything
        finally:
            other.close()
            self.close_store(tmp_path / "other")

    def test_a_watermark_fits_after_reopening(self, opener: Opener) -> None:
        """The store keeps its id."""
        self.require("durable")
        engine = opener()
        engine.append(TABLE, [make_row(0)])
        engine.update(TABLE, "n", 1)
        follower, named = Follower().update(engine), engine.metadata(["id"])
        engine.close()
        again = opener()
        again.append(TABLE, [make_row(1)])
        assert again.metadata(["id"]) == named
        assert not follower.update(again).everything
        assert follower.is_equal(again)

    def test_changes_undone_by_a_transaction_are_noticed(self, engine: Engine) -> None:
        """A watermark from inside a transaction that is rolled back never hides what comes after it."""
        engine.append(TABLE, [make_row(0, {"n": 0})])
        follower = Follower().update(engine)
        with pytest.raises(ZeroDivisionError), engine.transaction():
            engine.append(TABLE, [make_row(1)])
            engine.update(TABLE, "n", 5, track_id="run-1")
            follower.update(engine)
            raise ZeroDivisionError
        engine.append(TABLE, [make_row(2)])
        assert follower.update(engine).is_equal(engine)

    @pytest.mark.parametrize("seed", range(5))
    def test_a_follower_is_equal_after_any_changes(self, engine: Engine, seed: int) -> None:
        """Random ones, followed after each and after several."""
        print(f"seed {seed}")
        chance, number = random.Random(seed), 0
        always, sometimes = Follower(), Follower()
        for _ in range(_STEPS):
            run = chance.choice("abc")
            step = chance.choice(["append", "append", "append", "update", "amend", "delete", "drop"])
            if step == "append":
                rows = [make_row(number + each, {"n": each}, run=run) for each in range(chance.randint(1, 3))]
                number += len(rows)
                engine.append(TABLE, rows)
            elif step == "update":
                engine.update(TABLE, chance.choice("nm"), chance.randint(0, 9), track_id=run)
            elif step == "amend":
                engine.amend(TABLE, [make_row(chance.randint(0, number), {"n": 100}, run=run)])
            elif step == "delete":
                engine.delete(TABLE, run)
            elif chance.random() < 0.2:
                engine.drop(TABLE)
            assert always.update(engine, 2).is_equal(engine), step
            if chance.random() < 0.3:
                assert sometimes.update(engine, 3).is_equal(engine), step

    def test_a_scan_may_be_of_one_run(self, engine: Engine) -> None:
        """In chunks, in insertion order."""
        engine.append(TABLE, [make_row(9 - number, {"n": number}, run="ab"[number % 2]) for number in range(8)])
        chunks = [[row["n"] for row in rows_of(columns)] for columns in engine.scan(TABLE, 3, track_id="b")]
        assert chunks == [[1, 3, 5], [7]]
        assert list(engine.scan(TABLE, 3, track_id="c")) == []


def _changes(engine: Engine) -> list[Callable[[], Any]]:
    """Return changes of the runs "a", "b" and "c"."""
    return [
        lambda: engine.update(TABLE, "n", 5, track_id="a"),
        lambda: engine.update(TABLE, "n", 6, where=("n", 0)),
        lambda: engine.amend(TABLE, [make_row(1, {"n": 9}, run="b")]),
        lambda: engine.delete(TABLE, "b"),
        lambda: engine.update(TABLE, "new", 1, track_id="c"),
    ]


def _sorted(rows: list[dict[str, tuple[str, str]]]) -> list[list[tuple[str, tuple[str, str]]]]:
    return sorted(sorted(row.items()) for row in rows)
