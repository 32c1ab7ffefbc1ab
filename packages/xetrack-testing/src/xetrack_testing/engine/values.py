"""Every value comes back exactly, under the key it was logged with."""

import itertools

import pytest

from xetrack.plugin import BigInt, Engine, Json, SurrogateText, Value
from xetrack_testing.engine.fixtures import EngineFixtures, stored
from xetrack_testing.rows import AWKWARD_KEYS, AWKWARD_VALUES, TABLE, exact, make_row, rows_of

__all__ = ["ValuesContract"]

_OF_EACH_TYPE: tuple[Value, ...] = (
    1,
    1.0,
    True,
    "1",
    b"1",
    Json("1"),
    float("nan"),
    float("inf"),
    -0.0,
    2**63 - 1,
    1.5,
    BigInt(2**64),
    SurrogateText("\udcff"),
)


def _name(value: object) -> str:
    shown = hex(value)[:20] if isinstance(value, BigInt) else ascii(value)
    return f"{type(value).__name__}-{shown}"


class ValuesContract(EngineFixtures):
    """Values, column types and keys."""

    @pytest.mark.parametrize("value", AWKWARD_VALUES, ids=_name)
    def test_a_value_comes_back_as_it_was(self, engine: Engine, value: Value) -> None:
        """Logged singly or in a batch."""
        engine.append(TABLE, [make_row(0, {"x": value})])
        engine.append(TABLE, [make_row(1, {"x": value}), make_row(2, {"x": value})])
        assert stored(engine) == exact([make_row(number, {"x": value}) for number in range(3)])

    @pytest.mark.parametrize("first", [None, *_OF_EACH_TYPE], ids=_name)
    def test_a_column_may_change_its_type(self, engine: Engine, first: Value) -> None:
        """The type of the first value does not affect later ones."""
        sequence = [first, *_OF_EACH_TYPE, None, first, *AWKWARD_VALUES]
        rows = [make_row(number, {"x": value}) for number, value in enumerate(sequence)]
        engine.append(TABLE, rows[:1])
        for row in rows[1:20]:
            engine.append(TABLE, [row])
        engine.append(TABLE, rows[20:])
        assert stored(engine) == exact(rows)

    def test_a_nan_is_not_a_none(self, engine: Engine) -> None:
        """NaN, None and numbers stay distinct in one column."""
        engine.append(TABLE, [make_row(0, {"x": float("nan")}), make_row(1, {"x": None}), make_row(2, {"x": 0.5})])
        nan, none, number = engine.read(TABLE)["x"]
        assert (repr(nan), none, number) == ("nan", None, 0.5)

    def test_a_missing_key_is_none(self, engine: Engine) -> None:
        """Columns have equal length."""
        engine.append(TABLE, [make_row(0, {"a": 1}), make_row(1, {"b": 2})])
        columns = engine.read(TABLE)
        assert (columns["a"], columns["b"]) == ([1, None], [None, 2])

    def test_the_first_value_declares_the_type_of_a_column(self, engine: Engine) -> None:
        """`columns` names it in SQL's terms."""
        data: dict[str, Value] = {"b": True, "i": 1, "f": 0.5, "s": "x", "y": b"x", "j": Json("[]")}
        engine.append(TABLE, [make_row(0, data)])
        found = engine.columns(TABLE)
        assert [found[key] for key in data] == ["BOOLEAN", "INTEGER", "REAL", "TEXT", "BLOB", "JSON"]
        assert [*found] == [*engine.read(TABLE)]

    @pytest.mark.parametrize("key", AWKWARD_KEYS, ids=lambda key: repr(key)[:30])
    def test_a_key_comes_back_as_it_was(self, engine: Engine, key: str) -> None:
        """In rows, columns, scans and updates."""
        engine.append(TABLE, [make_row(0, {key: 1})])
        engine.append(TABLE, [make_row(1, {"other": 1, key: "text"}), make_row(2, {key: 0.5})])
        wanted = [make_row(0, {key: 1}), make_row(1, {"other": 1, key: "text"}), make_row(2, {key: 0.5})]
        assert stored(engine) == exact(wanted)
        assert exact(rows_of(next(engine.scan(TABLE)))) == exact(wanted)
        assert sorted(engine.columns(TABLE)) == sorted({key, "other", "timestamp", "track_id"})
        assert engine.update(TABLE, key, b"set", where=(key, "text")) == 1
        assert engine.read(TABLE)[key] == [1, b"set", 0.5]

    def test_all_awkward_keys_fit_in_one_row(self, engine: Engine) -> None:
        """Including those that differ only in case."""
        data: dict[str, Value] = {key: number for number, key in enumerate(AWKWARD_KEYS)}
        rows = [make_row(0, data), make_row(1, dict(reversed(data.items())))]
        engine.append(TABLE, rows)
        assert stored(engine) == exact(rows)

    def test_1200_keys_fit(self, engine: Engine) -> None:
        """In one row, spread over many rows, and in updates."""
        wide = make_row(0, {f"k{number}": number for number in range(1200)})
        engine.append(TABLE, [wide])
        narrow = [make_row(1 + number, {f"k{number}": str(number)}) for number in range(1190, 1210)]
        engine.append(TABLE, narrow)
        assert stored(engine) == exact([wide, *narrow])
        assert engine.update(TABLE, "k1209", 0.5, where=("k1209", "1209")) == 1
        assert engine.update(TABLE, "k5", "five", where=("k1199", 1199)) == 1
        found = engine.read(TABLE)
        assert (found["k5"][0], found["k1209"][-1]) == ("five", 0.5)

    def test_rows_of_many_shapes_share_a_batch(self, engine: Engine) -> None:
        """Order and types survive changes of the row's keys."""
        kinds = itertools.cycle(_OF_EACH_TYPE)
        rows = [make_row(number, {"abcd"[number % 4]: next(kinds), "n": number}) for number in range(100)]
        engine.append(TABLE, rows)
        assert stored(engine) == exact(rows)
