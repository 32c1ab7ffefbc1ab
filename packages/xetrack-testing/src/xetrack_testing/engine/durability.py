"""Rows are still there when the store is opened again."""

from xetrack_testing.engine.fixtures import EngineFixtures, Opener
from xetrack_testing.rows import TABLE, exact, make_row, rows_of, stamp

__all__ = ["DurabilityContract"]


class DurabilityContract(EngineFixtures):
    """Reopening a store."""

    def test_rows_survive_reopening(self, opener: Opener) -> None:
        """In order and exactly, including columns that changed type. Requires `durable`."""
        self.require("durable")
        rows = [make_row(9, {"x": 1}), make_row(5, {"x": "1", "": True}), make_row(7, {"x": float("nan")})]
        first = opener()
        first.append(TABLE, rows)
        first.close()
        second = opener()
        assert exact(rows_of(second.read(TABLE))) == exact(rows)
        again = make_row(9)
        second.append(TABLE, [again])
        assert again["timestamp"] == stamp(10)
