"""Engine contract: the record of runs, and what is told of them from their rows."""
# ruff: noqa: PT012, S101 - a test asserts, compares with plain numbers, and raises inside of blocks

from dataclasses import replace

import pytest

from xetrack.plugin import Engine, Json, Row, Run, Value
from xetrack_testing.base import Base, Opener
from xetrack_testing.rows import TABLE, make_row, spelt, stamp

__all__ = ["RunsContract"]


def _run(track_id: str = "run-1", table: str = TABLE, *, pid: int = 1) -> Run:
    return Run(track_id, table, started=stamp(0), host="here", pid=pid, python="3.11.0", params={"p": 1})


def _ended(run: Run, status: str = "finished") -> Run:
    return replace(run, ended=stamp(99), status=status)


def _values(run: Run) -> dict[str, tuple[str, str]]:
    """The last value of each key. An engine may or may not count the identity among them."""
    (told,) = spelt([{key: value for key, value in run.values.items() if key not in {"timestamp", "track_id"}}])
    return told


def _logged(engine: Engine, run: Run, *data: dict[str, Value], first: int = 0) -> None:
    """As a tracker does it: the run is recorded with its first row, in one transaction."""
    rows = [make_row(first + number, each, run=run.track_id) for number, each in enumerate(data)]
    with engine.transaction():
        engine.save_run(run)
        engine.append(run.table, rows)


class RunsContract(Base):
    """`save_run`, `finish_run`, `runs`."""

    def test_a_run_is_told_from_its_record_and_its_rows(self, engine: Engine) -> None:
        """Rows, first and last time, last value of each key."""
        params: Row = {
            "text": "x",
            "nan": float("nan"),
            "list": Json("[1]"),
            "bytes": b"\0",
            "big": 2**63 - 1,
            "no": False,
        }
        _logged(engine, replace(_run(), params=params), {"x": 1, "y": "a"}, {"x": 2.5}, {"x": None, "": True})
        (run,) = engine.runs(TABLE)
        assert (run.track_id, run.table, run.status, run.started, run.ended) == (
            "run-1",
            TABLE,
            "running",
            stamp(0),
            None,
        )
        assert (run.host, run.pid, run.python) == ("here", 1, "3.11.0")
        assert spelt([run.params]) == spelt([params])
        assert (run.rows, run.first, run.last) == (3, stamp(0), stamp(2))
        assert [_values(run)] == spelt([{"x": 2.5, "y": "a", "": True}])

    def test_a_run_that_nobody_recorded_is_told_from_its_rows(self, engine: Engine) -> None:
        """Its status is unknown: an empty text."""
        engine.append(TABLE, [make_row(0, {"x": 1}), make_row(1, {"x": 2})])
        (run,) = engine.runs(TABLE)
        assert (run.track_id, run.status, run.rows, run.first, run.last) == ("run-1", "", 2, stamp(0), stamp(1))
        assert (run.started, run.host, run.pid, run.params) == (None, None, None, {})
        assert [_values(run)] == spelt([{"x": 2}])

    def test_a_run_without_rows_is_not_told(self, engine: Engine) -> None:
        """A tracker that logs nothing leaves no trace."""
        engine.finish_run(_ended(_run()))
        engine.append(TABLE, [make_row(0, run="other")])
        assert [run.track_id for run in engine.runs(TABLE)] == ["other"]

    def test_the_run_that_logged_last_is_first(self, engine: Engine) -> None:
        """Whatever the clock said."""
        for time, run in [(10, "a"), (50, "b"), (20, "c"), (30, "a"), (5, "d")]:
            engine.append(TABLE, [make_row(time, run=run)])
        assert [run.track_id for run in engine.runs(TABLE)] == ["d", "a", "c", "b"]

    def test_a_run_that_went_on_with_its_clock_set_back_is_first(self, engine: Engine) -> None:
        """Order is the order of insertion."""
        for time, run in [(10, "a"), (5, "b"), (3, "a")]:
            engine.append(TABLE, [make_row(time, run=run)])
        assert [run.track_id for run in engine.runs(TABLE)] == ["a", "b"]
        told = engine.runs(TABLE)[0]
        assert (told.first, told.last, told.rows) == (stamp(3), stamp(10), 2)

    def test_the_last_value_is_the_one_inserted_last(self, engine: Engine) -> None:
        """Of whatever type, in a column of whatever type, unless it is None."""
        sequence: list[Value] = [1, 0.5, "42", True, b"x", Json("[]"), float("nan"), -0.0, None]
        for number, value in enumerate(sequence):
            engine.append(TABLE, [make_row(number, {"x": value, "X": value}, run=f"{number}")])
            engine.append(TABLE, [make_row(number + 50, {"other": 1}, run=f"{number}")])
        told = {run.track_id: _values(run) for run in engine.runs(TABLE)}
        for number, value in enumerate(sequence):
            assert [told[str(number)]] == spelt([{"x": value, "X": value, "other": 1}])

    def test_a_finished_run_says_so(self, engine: Engine) -> None:
        """With its end; a failed one likewise."""
        for track_id, status in [("a", "finished"), ("b", "failed")]:
            _logged(engine, _run(track_id), {"x": 1})
            engine.finish_run(_ended(_run(track_id), status))
        assert [(run.track_id, run.status, run.ended) for run in engine.runs(TABLE)] == [
            ("b", "failed", stamp(99)),
            ("a", "finished", stamp(99)),
        ]

    def test_what_is_told_of_an_ended_run_follows_its_rows(self, engine: Engine) -> None:
        """After an update, a deletion of another run, and rows that come later."""
        for track_id in "ab":
            _logged(engine, _run(track_id), {"x": 1}, {"x": 2})
            engine.finish_run(replace(_ended(_run(track_id)), rows=2, values={"x": 2}))
        engine.update(TABLE, "x", 5, track_id="a", where=("x", 2))
        engine.update(TABLE, "new", "text", track_id="b")
        told = {run.track_id: _values(run) for run in engine.runs(TABLE)}
        assert [told["a"], told["b"]] == spelt([{"x": 5}, {"x": 2, "new": "text"}])
        engine.append(TABLE, [make_row(7, {"x": 3}, run="a")])
        assert (engine.runs(TABLE)[0].rows, engine.runs(TABLE)[0].last) == (3, stamp(7))
        engine.delete(TABLE, "a")
        assert [run.track_id for run in engine.runs(TABLE)] == ["b"]

    def test_a_late_row_with_an_early_time_counts(self, engine: Engine) -> None:
        """Another process may share the run, and its clock be behind."""
        _logged(engine, _run(), {"x": 1}, {"x": 2}, first=10)
        engine.finish_run(replace(_ended(_run()), rows=2, values={"x": 2}))
        engine.append(TABLE, [make_row(5, {"x": 3})])
        (run,) = engine.runs(TABLE)
        assert (run.rows, run.first, run.last, [_values(run)]) == (3, stamp(5), stamp(11), spelt([{"x": 3}]))

    def test_merged_rows_count(self, engine: Engine) -> None:
        """Also those that lie before the ones that were there."""
        _logged(engine, _run(), {"x": 1}, {"x": 2}, first=10)
        engine.finish_run(replace(_ended(_run()), rows=2, values={"x": 2}))
        engine.merge(TABLE, [make_row(0, {"y": 3})])
        (run,) = engine.runs(TABLE)
        assert (run.rows, run.first, [_values(run)]) == (3, stamp(0), spelt([{"x": 2, "y": 3}]))

    def test_a_resumed_run_keeps_its_start_and_goes_on(self, engine: Engine) -> None:
        """With the process that resumed it."""
        _logged(engine, _run(pid=1), {"x": 1})
        engine.finish_run(_ended(_run(pid=1)))
        _logged(engine, replace(_run(pid=2), started=stamp(50)), {"x": 2}, first=50)
        (run,) = engine.runs(TABLE)
        assert (run.started, run.ended, run.status, run.pid, run.rows) == (stamp(0), None, "running", 2, 2)

    def test_the_end_told_by_a_process_that_no_longer_has_the_run_is_ignored(self, engine: Engine) -> None:
        """Another process resumed it since."""
        _logged(engine, _run(pid=1), {"x": 1})
        _logged(engine, _run(pid=2), {"x": 2}, first=50)
        engine.finish_run(_ended(_run(pid=1)))
        assert [(run.status, run.ended, run.pid) for run in engine.runs(TABLE)] == [("running", None, 2)]
        engine.finish_run(_ended(_run(pid=2)))
        assert [run.status for run in engine.runs(TABLE)] == ["finished"]

    def test_a_run_has_a_record_in_each_table(self, engine: Engine) -> None:
        """Ending or deleting one leaves the other."""
        for table in (TABLE, "other"):
            _logged(engine, _run(table=table), {"x": 1})
        engine.finish_run(_ended(_run()))
        assert [run.status for run in engine.runs("other")] == ["running"]
        engine.drop(TABLE)
        assert (engine.runs(TABLE), [run.table for run in engine.runs("other")]) == ([], ["other"])

    def test_a_deleted_run_that_comes_again_is_a_new_one(self, engine: Engine) -> None:
        """Nothing of its record stays; likewise after a drop."""
        for forget in (lambda: engine.delete(TABLE, "run-1"), lambda: engine.drop(TABLE)):
            _logged(engine, _run(), {"x": 1})
            forget()
            engine.append(TABLE, [make_row(0)])
            (run,) = engine.runs(TABLE)
            assert (run.status, run.started, run.params) == ("", None, {})

    def test_a_run_that_was_undone_has_no_record(self, engine: Engine) -> None:
        """Run and first row are one transaction."""
        with pytest.raises(KeyboardInterrupt), engine.transaction():
            engine.save_run(_run())
            engine.append(TABLE, [make_row(0)])
            raise KeyboardInterrupt
        assert engine.runs(TABLE) == []
        engine.append(TABLE, [make_row(0)])
        assert [run.status for run in engine.runs(TABLE)] == [""]

    def test_default_and_events_share_their_runs(self, engine: Engine) -> None:
        """They are one table."""
        _logged(engine, _run(table="default"), {"x": 1})
        engine.finish_run(_ended(_run(table="events")))
        assert [run.status for run in engine.runs("default")] == ["finished"]
        assert engine.runs("default") == engine.runs("events")

    def test_records_are_there_after_reopening(self, opener: Opener) -> None:
        """What was told before is told again."""
        self.require("durable")
        first = opener()
        _logged(first, _run("a"), {"x": 1}, {"x": "2"})
        _logged(first, _run("b"), {"x": float("nan")}, first=20)
        first.finish_run(_ended(_run("a")))
        told = [(run.track_id, run.status, run.rows, _values(run)) for run in first.runs(TABLE)]
        first.close()
        assert [(run.track_id, run.status, run.rows, _values(run)) for run in opener().runs(TABLE)] == told
