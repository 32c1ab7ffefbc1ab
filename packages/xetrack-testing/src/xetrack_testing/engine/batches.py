"""Batches of rows are stored completely, by `append` and by `merge`."""

from xetrack.plugin import Engine
from xetrack_testing.engine.fixtures import EngineFixtures, stored
from xetrack_testing.rows import TABLE, exact, make_row, rows_of, stamp

__all__ = ["BatchesContract"]


class BatchesContract(EngineFixtures):
    """`append` and `merge` of many rows."""

    def test_storing_no_rows_creates_no_table(self, engine: Engine) -> None:
        """The first row creates a table."""
        engine.append(TABLE, [])
        assert engine.merge(TABLE, []) == []
        assert engine.tables() == []

    def test_runs_may_share_a_timestamp(self, engine: Engine) -> None:
        """Only rows of the same run clash."""
        engine.append(TABLE, [make_row(0, run="a"), make_row(0, run="b")])
        assert [row["timestamp"] for row in rows_of(engine.read(TABLE))] == [stamp(0), stamp(0)]

    def test_changing_a_row_later_changes_nothing_stored(self, engine: Engine) -> None:
        """The engine keeps no reference to the caller's row."""
        row = make_row(0, {"n": 1})
        engine.append(TABLE, [row])
        row["n"] = 2
        assert engine.read(TABLE)["n"] == [1]

    def test_a_merge_stores_new_rows_only(self, engine: Engine) -> None:
        """Existing rows stay unchanged, so merging twice adds nothing."""
        engine.append(TABLE, [make_row(0, {"x": "mine"})])
        rows = [make_row(0, {"x": "theirs"}), make_row(1, {"x": float("nan")}), make_row(0, {"": 1}, run="run-2")]
        assert exact(engine.merge(TABLE, [dict(row) for row in rows])) == exact(rows[1:])
        assert engine.merge(TABLE, [dict(row) for row in rows]) == []
        assert stored(engine) == exact([make_row(0, {"x": "mine"}), *rows[1:]])

    def test_a_merge_stores_the_first_of_two_rows_with_one_identity(self, engine: Engine) -> None:
        """Later rows with the same identity are ignored."""
        rows = [make_row(0, {"n": 1}), make_row(1, {"n": 2}), make_row(0, {"n": 3})]
        assert engine.merge(TABLE, rows) == rows[:2]
        assert engine.read(TABLE)["n"] == [1, 2]

    def test_a_merge_does_not_change_its_arguments(self, engine: Engine) -> None:
        """Unlike `append`, it advances no timestamp."""
        engine.append(TABLE, [make_row(0)])
        row = make_row(0, {"n": 1})
        engine.merge(TABLE, [row])
        assert row == make_row(0, {"n": 1})
