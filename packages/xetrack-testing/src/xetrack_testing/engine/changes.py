"""Updates, deletions and merges affect exactly what they name."""

import itertools

import pytest

from xetrack.plugin import Engine, Json, Row, Value
from xetrack_testing.engine.fixtures import EngineFixtures, stored
from xetrack_testing.rows import AWKWARD_VALUES, TABLE, exact, make_row, rows_of, stamp

__all__ = ["ChangesContract"]

_CANDIDATES: tuple[Value, ...] = (
    None, True, False, 1, 0, 2, 1.5, "1", "1.5", "true", "nan", "", b"1", b"", Json("1"), Json("[1]"), "[1]",
    float("nan"), float("inf"), 2**53 + 1, float(2**53), "日本",
)  # fmt: skip


def _alike(one: Value, other: Value) -> bool:
    """Whether `where` with one value matches the other: as `==`, but NaN matches NaN and text is not JSON."""
    if isinstance(one, float) and isinstance(other, float) and one != one and other != other:
        return True
    return isinstance(one, Json) == isinstance(other, Json) and one == other


class ChangesContract(EngineFixtures):
    """`update`, `delete`, `drop` and `merge`."""

    def test_an_update_sets_a_key_in_one_run(self, engine: Engine) -> None:
        """Or in all runs if none is named. Returns the number of rows."""
        engine.append(TABLE, [make_row(number, {"x": number}, run="ab"[number % 2]) for number in range(5)])
        assert engine.update(TABLE, "x", 9, track_id="b") == 2
        assert engine.read(TABLE)["x"] == [0, 9, 2, 9, 4]
        assert engine.update(TABLE, "x", 7) == 5
        assert engine.update(TABLE, "x", 7, track_id="c") == 0
        assert engine.read(TABLE)["x"] == [7] * 5

    def test_an_update_may_add_a_key(self, engine: Engine) -> None:
        """It is None in the other rows."""
        engine.append(TABLE, [make_row(0, run="a"), make_row(1, run="b")])
        assert engine.update(TABLE, "new", Json("[1]"), track_id="b") == 1
        assert stored(engine) == exact([make_row(0, run="a"), make_row(1, {"new": Json("[1]")}, run="b")])

    def test_an_update_moves_no_row(self, engine: Engine) -> None:
        """Rows keep insertion order."""
        engine.append(TABLE, [make_row(9 - number, {"n": number}) for number in range(5)])
        engine.update(TABLE, "n", "a longer text than before" * 100, where=("n", 2))
        assert [row["timestamp"] for row in rows_of(engine.read(TABLE))] == [stamp(9 - number) for number in range(5)]

    @pytest.mark.parametrize("before", [1, 0.5, True, "text", b"bytes", Json("[]"), float("nan"), None], ids=repr)
    def test_an_updated_value_is_exact_whatever_was_there(self, engine: Engine, before: Value) -> None:
        """Any value may replace any other."""
        engine.append(TABLE, [make_row(0, {"x": before}), make_row(1, {"x": before})])
        for value in (*AWKWARD_VALUES, None, before):
            assert engine.update(TABLE, "x", value, where=("timestamp", stamp(1))) == 1
            assert stored(engine) == exact([make_row(0, {"x": before}), make_row(1, {"x": value})])

    @pytest.mark.parametrize("key", ["x", "X", ""], ids=repr)
    @pytest.mark.parametrize("rare", [False, True], ids=["plain", "beside-odd-keys"])
    def test_where_finds_exactly_the_rows_that_have_the_value(self, engine: Engine, key: str, rare: bool) -> None:
        """None, NaN, "1", b"1" and JSON are all different; 1 equals 1.0 and True, as in Python."""
        rows: list[Row] = [make_row(number, {key: value}) for number, value in enumerate(_CANDIDATES)]
        engine.append(TABLE, [make_row(100, {"x": 1, **({"_rowid_": 1} if rare else {})}, run="other")])
        for row in rows:
            engine.append(TABLE, [row | ({"_rowid_": 1} if rare else {})])
        for number, wanted in enumerate(_CANDIDATES):
            mark = f"mark-{number}"
            chosen = engine.update(TABLE, mark, 1, where=(key, wanted), track_id="run-1")
            found = [row.get(key) for row in _marked(engine, mark)]
            matching = [value for value in _CANDIDATES if _alike(value, wanted)]
            assert exact([{"x": value} for value in found]) == exact([{"x": value} for value in matching]), wanted
            assert chosen == len(matching)

    @pytest.mark.parametrize("declared", [1, 0.5, True, "text", b"bytes", Json("[]")], ids=repr)
    def test_where_compares_in_columns_of_every_type(self, engine: Engine, declared: Value) -> None:
        """Compared values are not converted to the column's type."""
        for wanted in _CANDIDATES:
            engine.drop(TABLE)
            engine.append(TABLE, [make_row(0, {"x": declared}), make_row(1, {"x": None})])
            expected = [value for value in (declared, None) if _alike(value, wanted)]
            assert engine.update(TABLE, "y", 1, where=("x", wanted)) == len(expected), wanted

    def test_where_an_unknown_key_is_none_means_every_row(self, engine: Engine) -> None:
        """A comparison with any other value matches no row."""
        engine.append(TABLE, [make_row(0), make_row(1)])
        assert engine.update(TABLE, "y", 1, where=("unknown", 5)) == 0
        assert engine.update(TABLE, "y", 1, where=("unknown", None)) == 2

    def test_where_may_name_the_key_that_is_set(self, engine: Engine) -> None:
        """The comparison uses the old value."""
        engine.append(TABLE, [make_row(0, {"x": 1}), make_row(1, {"x": "1"}), make_row(2, {"x": 2})])
        assert engine.update(TABLE, "x", "1", where=("x", 1)) == 1
        assert engine.update(TABLE, "x", 2.5, where=("x", "1")) == 2
        assert engine.read(TABLE)["x"] == [2.5, 2.5, 2]

    def test_a_deletion_removes_one_run(self, engine: Engine) -> None:
        """Other runs and other tables keep their rows."""
        for table, run in itertools.product([TABLE, "other"], "ab"):
            engine.append(table, [make_row(number, run=run) for number in range(3)])
        assert engine.delete(TABLE, "a") == 3
        assert (engine.count(TABLE, "a"), engine.count(TABLE, "b"), engine.count("other", "a")) == (0, 3, 3)
        assert engine.delete(TABLE, "a") == 0

    def test_rows_logged_after_a_deletion_come_last(self, engine: Engine) -> None:
        """They do not reuse the deleted rows' positions."""
        engine.append(TABLE, [make_row(number, {"n": number}, run="abc"[number]) for number in range(3)])
        engine.delete(TABLE, "c")
        engine.delete(TABLE, "a")
        engine.append(TABLE, [make_row(0, {"n": 3}, run="a")])
        assert engine.read(TABLE)["n"] == [1, 3]

    def test_a_dropped_table_may_be_created_again(self, engine: Engine) -> None:
        """With other column types. Other tables are not affected."""
        engine.append(TABLE, [make_row(0, {"x": 1})])
        engine.append("other", [make_row(0)])
        engine.drop(TABLE)
        assert (engine.tables(), engine.count(TABLE)) == (["other"], 0)
        engine.append(TABLE, [make_row(0, {"x": "text"})])
        assert (engine.read(TABLE)["x"], engine.columns(TABLE)["x"]) == (["text"], "TEXT")


def _marked(engine: Engine, mark: str) -> list[Row]:
    return [row for row in rows_of(engine.read(TABLE)) if mark in row]
