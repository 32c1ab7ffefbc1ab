"""Rows for tests, hypothesis strategies for them, and exact comparison."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from xetrack.errors import InvalidKeyError
from xetrack.plugin import BigInt, Columns, Engine, Json, Row, SurrogateText, Value, check_key

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = [
    "AWKWARD_KEYS",
    "AWKWARD_VALUES",
    "TABLE",
    "check_round_trip",
    "exact",
    "keys",
    "make_row",
    "rows",
    "rows_of",
    "stamp",
    "values",
]  # fmt: skip

TABLE = "events"

AWKWARD_KEYS = (
    "train/loss", "learning rate", "order", "select", "日本", "x", "X", "É", "é", 'quo"te', "apo'strophe", "a.b",
    "a[0]", "?", ":name", "$x", "%s", "{}", "--", ";", "_rowid_", "rowid", "oid", "Timestamp", "TRACK_ID", "", " ",
    "nul\0key", "new\nline", "\\", "key", "value", "db", "sqlite_x", "k" * 1000,
)  # fmt: skip
"""Keys that are awkward for a SQL database, a template or a quoting rule."""

AWKWARD_VALUES: tuple[Value, ...] = (
    True, False, 0, 1, -1, 2**53 + 1, 2**63 - 1, -(2**63), 0.0, -0.0, 1.0, 2.0, 0.1, 5e-324, 1.7976931348623157e308,
    float("nan"), float("inf"), float("-inf"), "", "42", "4.0", "1e3", " 7 ", "0x10", "true", "None", "null", "NaN",
    "nan", "日本 🦙", "nul\0inside", "it's", '"', "\\", "[1]", "{}", b"", b"42", b"\0\xff", Json("[1]"), Json("{}"),
    Json("42"), Json('"text"'), Json("null"), Json('{"json": "[1]"}'), BigInt(2**63),
    BigInt(-(2**63) - 1), BigInt(10**40), SurrogateText("\udcff.png"), SurrogateText("日\ud800"),
)  # fmt: skip
"""Values that a database may confuse with others."""

_START = datetime.fromisoformat("2026-01-02 03:04:05")


def stamp(number: int = 0) -> str:
    """Return a timestamp: `number` microseconds after a fixed one."""
    return (_START + timedelta(microseconds=number)).isoformat(" ", "microseconds")


def make_row(number: int = 0, /, data: Mapping[str, Value] | None = None, *, run: str = "run-1") -> Row:
    """Return a row that `run` logged at `stamp(number)`."""
    return {**(data or {}), "timestamp": stamp(number), "track_id": run}


def rows_of(columns: Columns) -> list[Row]:
    """Return columns as rows. None is left out, because it may stand for a key that the row lacks."""
    found = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    return [{key: value for key, value in row.items() if value is not None} for row in found]


def exact(rows: Sequence[Mapping[str, Value]]) -> list[dict[str, tuple[str, str]]]:
    """Return rows in a form that compares exactly: 1, 1.0 and True differ, -0.0 and 0.0 differ, NaN equals NaN."""
    return [
        {key: (type(value).__name__, repr(value)) for key, value in sorted(row.items()) if value is not None}
        for row in rows
    ]


def values() -> "SearchStrategy[Value]":
    """Strategy for all values that an engine must store exactly."""
    from hypothesis import strategies as st

    return st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.integers(2**63, 2**80).map(BigInt),
        st.floats(),
        st.text(st.characters(codec="utf-8")),
        st.binary(),
        st.sampled_from(AWKWARD_VALUES),
    )


def keys() -> "SearchStrategy[str]":
    """Strategy for all valid keys, biased so that rows often share keys."""
    from hypothesis import strategies as st

    anything = st.text(st.characters(codec="utf-8")).filter(_may_be_key)
    return st.one_of(st.sampled_from(["a", "b", "c"]), st.sampled_from(AWKWARD_KEYS), anything)


def rows(*, runs: Sequence[str] = ("run-1", "run-2")) -> "SearchStrategy[Row]":
    """Strategy for rows of a few runs; timestamps may clash or go back."""
    from hypothesis import strategies as st

    data = st.dictionaries(keys(), values(), max_size=5)
    return st.builds(
        lambda number, data, run: make_row(number, data, run=run),
        st.integers(0, 5),
        data,
        st.sampled_from(list(runs)),
    )


def check_round_trip(engine: Engine, wanted: Sequence[Row], table: str = TABLE) -> None:
    """Raise `AssertionError` unless an empty `engine` returns rows exactly, whether stored singly or in a batch.

    Hypothesis does not allow two classes to inherit one of its tests, so write the test yourself:

    ```python
    @given(st.lists(rows()))
    def test_what_is_logged_is_what_is_read(wanted):
        with closing(MyEngine()) as engine:
            check_round_trip(engine, wanted)
    ```
    """
    singly, at_once = ([dict(row) for row in wanted] for _ in range(2))
    for row in singly:
        engine.append(table, [row])
    half = len(singly)
    engine.append(table, at_once)
    assert exact(rows_of(engine.read(table, head=half))) == exact(singly), "rows that were stored one by one differ"
    assert exact(rows_of(engine.read(table, tail=half))) == exact(at_once), "rows that were stored in a batch differ"
    _check_same_data(singly, wanted)
    _check_same_data(at_once, wanted)


def _check_same_data(stored: Sequence[Row], wanted: Sequence[Row]) -> None:
    """Check that storing changed nothing but timestamps."""
    assert exact([_data(row) for row in stored]) == exact([_data(row) for row in wanted])
    identities = [(row["track_id"], row["timestamp"]) for row in stored]
    assert len(set(identities)) == len(identities), "two rows of one run share a timestamp"


def _data(row: Row) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "timestamp"}


def _may_be_key(key: str) -> bool:
    try:
        check_key(key)
    except InvalidKeyError:
        return False
    return True
