"""Python values as columns of DuckDB: which type a column needs, and how its values get there.

A column has the type of its values. Values of several types widen it: integers and floats to DOUBLE if that changes no
integer, anything else to VARCHAR, with values written as in `Reader.to_arrow()`.
"""

from array import array as typed
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from xetrack.plugin import BigInt, Columns, Json, SurrogateText, Value, escaped

__all__ = ["Block", "Blocks", "Column", "Packed", "pack", "types_of", "widened"]

_EXACT = 2**53  # integers up to this size survive as floats

_KINDS: dict[type, str] = {
    bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", str: "VARCHAR", bytes: "BLOB", Json: "JSON",
    BigInt: "VARCHAR", SurrogateText: "VARCHAR",
}  # fmt: skip
_DECLARED = {"BOOLEAN": "BOOLEAN", "INTEGER": "BIGINT", "REAL": "DOUBLE", "BLOB": "BLOB", "JSON": "JSON"}
_FILLERS: dict[str, Any] = {"BOOLEAN": False, "BIGINT": 0, "DOUBLE": 0.0, "BLOB": b""}
_CODES = {"BIGINT": "q", "DOUBLE": "d"}  # of typed arrays, which are filled faster than numpy's, and more strictly


@dataclass(frozen=True, slots=True)
class Block:
    """Rows: their rowids, their values as they were logged, and the keys whose values are left out."""

    rowids: list[int]
    values: Columns
    left_out: Sequence[str] = ()


Blocks: TypeAlias = Generator[Block, None, None]
"""The rows of a query, which ends with the last block, or with `close()`."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a copied table: its name there, its type, and the types of its values so far."""

    name: str
    kind: str
    kinds: tuple[str, ...] = ()  # the types of its values as they were logged
    large: bool = False  # whether it holds integers that floats cannot represent

    @classmethod
    def declared(cls, name: str, declared: str) -> "Column":
        """Return an empty column of the type that SQLite declares."""
        return cls(name, _DECLARED.get(declared, "VARCHAR"))

    @property
    def is_mixed(self) -> bool:
        """Whether it is text because its values are of several types."""
        return self.kind == "VARCHAR" and len(self.kinds) > 1


@dataclass(frozen=True, slots=True)
class Packed:
    """Values for a column: arrays by name, and the SQL expression that turns them into values."""

    arrays: dict[str, Any]
    expression: str


def types_of(values: Sequence[Value]) -> set[type]:
    """Return the types of the values."""
    return set(map(type, values))


def widened(column: Column, values: Sequence[Value], types: set[type]) -> Column:
    """Return the column that holds these values too."""
    present = types - {type(None)}
    if not present:
        return column
    large = column.large or (int in present and _are_large(values, types))
    kinds = {_KINDS[each] for each in present}.union(column.kinds)
    numbers = kinds == {"BIGINT", "DOUBLE"} and not large
    kind = "DOUBLE" if numbers else "VARCHAR" if len(kinds) > 1 else next(iter(kinds))
    return Column(column.name, kind, tuple(sorted(kinds)), large)


def _are_large(values: Sequence[Any], types: set[type]) -> bool:
    """Whether there are integers that floats cannot represent."""
    if types != {int}:
        values = [value for value in values if type(value) is int]
    return bool(max(values) > _EXACT or min(values) < -_EXACT)


def pack(values: Sequence[Any], types: set[type], kind: str, name: str) -> Packed:
    """Return the values as numpy arrays named after `name`, and the expression that turns them into `kind`.

    DuckDB reads NaN in an array as NULL, and guesses the type of objects from a sample. So masks of their own mark NULL
    and NaN, and arrays of objects hold objects of one type.
    """
    arrays: dict[str, Any] = {}
    conditions = ""
    if type(None) in types:
        arrays[f"{name}_null"] = np.array([value is None for value in values])
        conditions += f"WHEN {name}_null THEN NULL "
        filler = _FILLERS.get(kind, "")
        values = [filler if value is None else value for value in values]
    if kind in {"VARCHAR", "JSON"} and types - {str, type(None)}:
        values = [_text(value) for value in values]
    code = _CODES.get(kind)
    array = np.array(values, dtype=object) if code is None else np.frombuffer(typed(code, values), dtype=code)
    arrays[name] = array
    if kind == "DOUBLE" and (undefined := np.isnan(array)).any():
        arrays[f"{name}_nan"] = undefined
        conditions += f"WHEN {name}_nan THEN CAST('nan' AS DOUBLE) "
    if not conditions and code is not None:  # the array has the type that is needed
        return Packed(arrays, name)
    expression = f"CASE {conditions}ELSE {name} END" if conditions else name
    return Packed(arrays, f"CAST({expression} AS {kind})")


def _text(value: Value) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return escaped(value) if isinstance(value, str) else str(value)
