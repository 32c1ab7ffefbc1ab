"""How values are stored in SQL columns, for every engine with SQL tables.

A column is declared by its first value. A value that a column cannot give back exactly (a text that looks like a number
in an INTEGER column, a NaN anywhere) is stored in the column as well as SQL allows, and exactly in the row's *extra*, a
JSON object in a column of its own. Keys that cannot be a column are stored only there. Readers prefer the extra.
"""

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from xetrack._rows.normalize import EXTRA, MAX_INT_BITS
from xetrack._spec.types import BigInt, Columns, Json, Row, SurrogateText, Value
from xetrack._sqlite.dialect import SQLITE, Dialect
from xetrack._util.text import escaped, is_utf8, safe_text
from xetrack.errors import InvalidTableError, NotADatabaseError

__all__ = [
    "EXTRA",
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

_BOOLEANS = {0: False, 1: True}
_OURS = frozenset({"assets", "keys", "counts"})


def quote(name: str) -> str:
    """Return `name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def check_table(name: object, dialect: Dialect = SQLITE) -> str:
    """Return `name` if it is allowed for a table of events.

    Args:
        name: the name.
        dialect: the SQL database.

    Raises:
        InvalidTableError: it is not a name, reserved, or too long for the database.
    """
    if not isinstance(name, str) or not name or "\0" in name or not is_utf8(name):
        raise InvalidTableError(
            f"invalid table name {safe_text(name)[:100]}. Use text that is not empty and valid UTF-8, without NUL."
        )
    lower = name.lower()
    if lower in _OURS or lower.startswith(("xetrack_", "sqlite_")):
        message = f"the table name {name!r} is reserved for xetrack. Choose another one."
        raise InvalidTableError(message)
    if not dialect.name_fits(name):
        size, most = len(name.encode()), dialect.max_name_bytes
        message = (
            f"the table name {name[:100]!r} has {size} bytes in UTF-8, and the database allows {most}. Shorten it."
        )
        raise InvalidTableError(message)
    return name


def may_be_column(key: str, columns: Mapping[str, str]) -> bool:
    """Return whether `key` can become a column of SQLite beside `columns`. See `Dialect.may_be_column`."""
    return SQLITE.may_be_column(key, columns)


def declared_type(value: Value) -> str:
    """Return the type to declare in SQLite for a column whose first value is `value`."""
    return SQLITE.declared[type(value)]


def normal_type(declared: str) -> str:
    """Return our type for any type declared in SQLite. See `Dialect.normal_type`."""
    return SQLITE.normal_type(declared)


def fits(value: Value, declared: str) -> bool:
    """Return whether a column of SQLite gives `value` back unchanged. See `Dialect.fits`."""
    return SQLITE.fits(value, declared)


def type_fits(kind: type, declared: str) -> bool:
    """Return whether a column of SQLite gives every value of `kind` back unchanged, NaN and -0.0 aside."""
    return SQLITE.type_fits(kind, declared)


def split(row: Row, columns: Mapping[str, str], dialect: Dialect = SQLITE) -> tuple[Row, str | None]:
    """Split a row into the cells of its columns and its extra.

    Args:
        row: the row.
        columns: the type of each column.
        dialect: the SQL database. A value that does not fit its column is in the extra, and in the cell only if the
            database's columns hold values of any type.

    Returns:
        The cells by column, and the text of the extra, or None if all values fit.
    """
    kept: Row = {}
    extra: Row = {}
    for key, value in row.items():
        declared = columns.get(key)
        fitting = declared is not None and dialect.fits(value, declared)
        if fitting or (declared is not None and not dialect.typed):
            kept[key] = cell(value)
        if not fitting:
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
