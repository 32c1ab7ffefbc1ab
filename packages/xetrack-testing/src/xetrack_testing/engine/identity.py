"""Each row of a run has a timestamp of its own."""

from typing import Any

from xetrack.plugin import Engine
from xetrack_testing.engine.fixtures import EngineFixtures
from xetrack_testing.rows import TABLE, make_row, rows_of, stamp

__all__ = ["IdentityContract"]


class IdentityContract(EngineFixtures):
    """`append` moves a taken timestamp on by microseconds, and drops no row."""

    def test_a_taken_timestamp_advances_in_the_callers_row_too(self, engine: Engine) -> None:
        """By as many microseconds as necessary."""
        engine.append(TABLE, [make_row(0), make_row(1)])
        row = make_row(0, {"n": 1})
        engine.append(TABLE, [row])
        assert row["timestamp"] == stamp(2)
        assert _times(engine) == [stamp(0), stamp(1), stamp(2)]

    def test_timestamps_carry_over_the_end_of_a_year(self, engine: Engine) -> None:
        """59.999999 seconds become the next minute, day and year."""
        rows = [make_row(0) | {"timestamp": "2025-12-31 23:59:59.999999"} for _ in range(2)]
        engine.append(TABLE, rows)
        assert _times(engine) == ["2025-12-31 23:59:59.999999", "2026-01-01 00:00:00.000000"]

    def test_a_batch_with_one_timestamp_is_stored_completely(self, engine: Engine) -> None:
        """Each row takes the next free microsecond."""
        rows = [make_row(0, {"n": number}) for number in range(1000)]
        engine.append(TABLE, rows)
        times = _times(engine)
        assert len(times) == 1000
        moved = enumerate(zip(times, rows, strict=True))
        assert [number for number, (time, row) in moved if not time == row["timestamp"] == stamp(number)] == []

    def test_two_batches_with_the_same_timestamps_are_both_stored(self, engine: Engine) -> None:
        """No row is lost or replaced."""
        for half in range(2):
            engine.append(TABLE, [make_row(number, {"n": 100 * half + number}) for number in range(100)])
        assert engine.read(TABLE)["n"] == list(range(200))
        assert len(set(_times(engine))) == 200

    def test_a_free_timestamp_stays_beside_clashing_ones(self, engine: Engine) -> None:
        """Only the rows of a batch whose timestamp is taken advance."""
        engine.append(TABLE, [make_row(5, run="a")])
        rows = [make_row(5, run="a"), make_row(3, run="a"), make_row(4, run="b")]
        engine.append(TABLE, rows)
        assert [row["timestamp"] for row in rows] == [stamp(6), stamp(3), stamp(4)]


def _times(engine: Engine) -> list[Any]:
    return [row["timestamp"] for row in rows_of(engine.read(TABLE))]
