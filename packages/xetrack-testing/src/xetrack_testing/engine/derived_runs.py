"""What the rows of a run say about it."""

from xetrack.plugin import Engine, Json, Run, Value
from xetrack_testing.engine.fixtures import EngineFixtures
from xetrack_testing.rows import TABLE, exact, make_row, stamp

__all__ = ["DerivedRunsContract", "last_values"]


def last_values(run: Run) -> dict[str, tuple[str, str]]:
    """Return the last value of each key, without the identity, which engines may include or not."""
    (values,) = exact([{key: value for key, value in run.values.items() if key not in {"timestamp", "track_id"}}])
    return values


class DerivedRunsContract(EngineFixtures):
    """`runs` without run records."""

    def test_an_unrecorded_run_is_derived_from_its_rows(self, engine: Engine) -> None:
        """Its status is the empty string."""
        engine.append(TABLE, [make_row(0, {"x": 1}), make_row(1, {"x": 2})])
        (run,) = engine.runs(TABLE)
        assert (run.track_id, run.status, run.rows, run.first, run.last) == ("run-1", "", 2, stamp(0), stamp(1))
        assert (run.started, run.host, run.pid, run.params) == (None, None, None, {})
        assert [last_values(run)] == exact([{"x": 2}])

    def test_the_run_that_logged_last_is_first(self, engine: Engine) -> None:
        """Timestamps do not matter."""
        for time, run in [(10, "a"), (50, "b"), (20, "c"), (30, "a"), (5, "d")]:
            engine.append(TABLE, [make_row(time, run=run)])
        assert [run.track_id for run in engine.runs(TABLE)] == ["d", "a", "c", "b"]

    def test_a_run_that_continues_with_an_earlier_clock_is_first(self, engine: Engine) -> None:
        """Runs are ordered by insertion, not by timestamp."""
        for time, run in [(10, "a"), (5, "b"), (3, "a")]:
            engine.append(TABLE, [make_row(time, run=run)])
        assert [run.track_id for run in engine.runs(TABLE)] == ["a", "b"]
        latest = engine.runs(TABLE)[0]
        assert (latest.first, latest.last, latest.rows) == (stamp(3), stamp(10), 2)

    def test_the_last_value_is_the_one_inserted_last(self, engine: Engine) -> None:
        """Of any type, in a column of any type; None does not count."""
        sequence: list[Value] = [1, 0.5, "42", True, b"x", Json("[]"), float("nan"), -0.0, None]
        for number, value in enumerate(sequence):
            engine.append(TABLE, [make_row(number, {"x": value, "X": value}, run=f"{number}")])
            engine.append(TABLE, [make_row(number + 50, {"other": 1}, run=f"{number}")])
        values = {run.track_id: last_values(run) for run in engine.runs(TABLE)}
        for number, value in enumerate(sequence):
            assert [values[str(number)]] == exact([{"x": value, "X": value, "other": 1}])
