"""How values are stored in SQL columns, for every engine with SQL tables.

A column is declared by its first value. A value that a column cannot give back exactly (a text that looks like a number
in an INTEGER column, a NaN anywhere) is stored in the column as well as SQL allows, and exactly in the row's *extra*, a
JSON object in a column of its own. Keys that cannot be a column are stored only there. Readers prefer the extra.
"""

import base64
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from xetrack._rows.normalize import EXTRA, MAX_INT_BITS
from xetrack._spec.types import BigInt, Columns, Json, Row, SurrogateText, Value
from xetrack._util.text import escaped, is_utf8, safe_text
from xetrack.errors import InvalidTableError, NotADatabaseError

__all__ = [
    "EXTRA",
    "MAX_COLUMNS",
    "cell",
    "check_table",
    "declared_type",
    "fits",
    "load_extra",
    "may_be_column",
    "normal_type",
    "pack",
    "put_extra",
    "quote",
    "restore",
    "restore_rows",
    "same",
    "split",
    "type_fits",
    "unpack",
    "unpack_all",
]

MAX_COLUMNS = 1000
"""The most columns of a table; further keys go to the extra. SQLite allows 2,000."""

DECLARED: dict[type, str] = {
    bool: "BOOLEAN",
    int: "INTEGER",
    float: "REAL",
    str: "TEXT",
    bytes: "BLOB",
    BigInt: "INTEGER",
    SurrogateText: "TEXT",
    Json: "JSON TEXT",  # with JSON alone SQLite would convert text that looks like a number
    type(None): "",
}

_AS_IT_IS = frozenset({"", "BLOB"})
_FITTING_ANY = frozenset({type(None), bytes})
_FITTING: dict[type, frozenset[str]] = {
    bool: frozenset({"BOOLEAN"}),
    int: _AS_IT_IS | {"INTEGER"},
    float: _AS_IT_IS | {"REAL"},
    str: _AS_IT_IS | {"TEXT"},
    Json: frozenset({"JSON"}),
    BigInt: frozenset(),
    SurrogateText: frozenset(),
}
# the order in which SQLite derives a column's affinity from its declared type (sqlite.org/datatype3.html, 3.1)
_AFFINITIES = (
    ("JSON TEXT", "JSON"),
    ("INT", "INTEGER"),
    ("CHAR", "TEXT"),
    ("CLOB", "TEXT"),
    ("TEXT", "TEXT"),
    ("BLOB", "BLOB"),
    ("REAL", "REAL"),
    ("FLOA", "REAL"),
    ("DOUB", "REAL"),
    ("BOOL", "BOOLEAN"),
)
_BOOLEANS = {0: False, 1: True}
_OURS = frozenset({"assets", "keys", "counts"})
# queries order by _rowid_, which a column of that name would hide
_NO_COLUMN = frozenset({"", "_rowid_", EXTRA})


def quote(name: str) -> str:
    """Return `name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def check_table(name: object) -> str:
    """Return `name` if it is allowed for a table of events. Raises `InvalidTableError` if not."""
    if not isinstance(name, str) or not name or "\0" in name or not is_utf8(name):
        raise InvalidTableError(f"a table needs a name, as text that can be stored: got {safe_text(name)[:100]}.")
    lower = name.lower()
    if lower in _OURS or lower.startswith(("xetrack_", "sqlite_")):
        message = f"the table name {name!r} is reserved for xetrack. Choose another one."
        raise InvalidTableError(message)
    return name


def may_be_column(key: str, columns: Mapping[str, str]) -> bool:
    """Whether `key` can become a column beside `columns`. If not, it is stored in the extra."""
    lower = key.lower()
    return (
        len(columns) < MAX_COLUMNS
        and "\0" not in key
        and lower not in _NO_COLUMN
        and all(lower != name.lower() for name in columns)
    )


def declared_type(value: Value) -> str:
    """Return the type to declare for a column whose first value is `value`."""
    return DECLARED[type(value)]


def normal_type(declared: str) -> str:
    """Return our type for any declared type."""
    upper = declared.upper()
    if not upper:
        return ""
    return next((ours for part, ours in _AFFINITIES if part in upper), "INTEGER")


def fits(value: Value, declared: str) -> bool:
    """Whether a column of this type gives `value` back unchanged."""
    if isinstance(value, float):
        if value != value or (not value and math.copysign(1, value) < 0):
            return False  # SQLite stores a NaN as NULL, and -0.0 as 0.0
        if declared == "INTEGER":
            return not value.is_integer()  # SQLite makes 2.0 a 2
    return type_fits(type(value), declared)


def type_fits(kind: type, declared: str) -> bool:
    """Whether a column of this type gives back every value of `kind` unchanged, NaN and -0.0 aside."""
    return kind in _FITTING_ANY or declared in _FITTING[kind]


def split(row: Row, columns: Mapping[str, str]) -> tuple[Row, str | None]:
    """Split `row` into the cells of its columns and the text of its extra (None if all values fit)."""
    kept: Row = {}
    extra: Row = {}
    for key, value in row.items():
        declared = columns.get(key)
        if declared is not None:
            kept[key] = cell(value)
        if declared is None or not fits(value, declared):
            extra[key] = value
    return kept, pack(extra)


def cell(value: Value) -> Value:
    """Return the value for a column: big integers as digits, text with lone surrogates escaped."""
    if type(value) is BigInt:
        return str(value)
    return escaped(value) if type(value) is SurrogateText else value


def pack(extra: Row) -> str | None:
    """Serialize an extra: JSON scalars as they are, other values as an object that names their type."""
    if not extra:
        return None
    return json.dumps({key: _pack_value(value) for key, value in extra.items()}, ensure_ascii=False, allow_nan=False)


def _pack_value(value: Value) -> object:
    if isinstance(value, Json):
        return {"json": str(value)}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, BigInt):
        return {"int": hex(value) if value.bit_length() > MAX_INT_BITS else str(value)}
    if isinstance(value, SurrogateText):
        return {"text": json.dumps(value)}
    if isinstance(value, float) and (value != value or value in {float("inf"), float("-inf")}):
        return {"float": repr(value)}
    return value


def unpack(text: str) -> Row:
    """Parse what `pack` wrote. Raises `NotADatabaseError` for anything else."""
    try:
        return {key: _unpack_value(value) for key, value in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        message = (
            f"the file is damaged, or another program wrote it: an extra cannot be read ({error}). "
            "Query the columns in SQL, or use a backup."
        )
        raise NotADatabaseError(message) from error


def unpack_all(texts: Sequence[str]) -> list[Row]:
    """Parse many texts that `pack` wrote, several times faster than one by one."""
    try:
        rows = json.loads(f"[{','.join(texts)}]")
    except (ValueError, TypeError, RecursionError):
        rows = []
    if len(rows) != len(texts) or not all(type(row) is dict for row in rows):
        return [unpack(text) for text in texts]
    return [unpack(text) if text.find("{", 1) > 0 else row for text, row in zip(texts, rows, strict=True)]


def _unpack_value(value: Any) -> Value:
    if not isinstance(value, dict):
        scalar: Value = value
        return scalar
    ((kind, text),) = value.items()
    return _UNPACK[kind](text)


_UNPACK: dict[str, Callable[[str], Value]] = {
    "json": Json,
    "bytes": base64.b64decode,
    "float": float,
    "int": lambda text: BigInt(text, 0),
    "text": lambda text: SurrogateText(json.loads(text)),
}


def restore(values: list[Any], declared: str) -> list[Value]:
    """Turn cells of a column into the values that were logged, except those that extras override."""
    if declared == "BOOLEAN":
        return [_BOOLEANS.get(value, value) for value in values]
    if declared == "JSON":
        return [Json(value) if type(value) is str else value for value in values]
    return values


def restore_rows(columns: Mapping[str, str], cells: Sequence[list[Any]]) -> Columns:
    """Turn the cells of these columns, extra included, into the values that were logged."""
    named = dict(zip(columns, cells, strict=False))
    extras = [(number, text) for number, text in enumerate(named.pop(EXTRA, ())) if text is not None]
    restored = {key: restore(values, columns[key]) for key, values in named.items()}
    load_extra(restored, extras, len(cells[0]) if cells else 0)
    return restored


def put_extra(text: str | None, key: str, packed: str | None) -> str | None:
    """Return the text of an extra after setting `key` to the one value in `packed`, or removing it (None)."""
    extra = json.loads(text) if text else {}
    extra.pop(key, None)
    if packed is not None:
        extra |= json.loads(packed)
    return json.dumps(extra, ensure_ascii=False) if extra else None


def load_extra(columns: dict[str, list[Value]], texts: Iterable[tuple[int, str]], length: int) -> None:
    """Override columns with the extras, each given with the index of its row."""
    for index, text in texts:
        for key, value in unpack(text).items():
            columns.setdefault(key, [None] * length)[index] = value


def same(text: str | None, key: str, cell: Value, wanted: str) -> bool:
    """Whether a row with this extra and cell has, under `key`, the one value in `wanted`."""
    extra = json.loads(text) if text else {}
    if key not in extra:
        extra = json.loads(pack({key: cell}) or "")
    return bool(extra[key] == json.loads(wanted)[key])
