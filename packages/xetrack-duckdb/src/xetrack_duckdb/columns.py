"""Python values as columns of DuckDB: which type a column needs, and how its values get there.

A column has the type of its values. Where they are of several types it widens: integers and floats to DOUBLE if that
changes no integer, anything else to VARCHAR with every value spelt out, as in `Reader.to_arrow()`.
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
_CODES = {"BIGINT": "q", "DOUBLE": "d"}  # of arrays that Python fills faster than numpy, and more strictly


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows: their rowids, and their values as they were logged."""

    rowids: list[int]
    values: Columns


Blocks: TypeAlias = Generator[Block, None, None]
"""The rows of a query, which is under way until the last block was taken, or `close()` was called."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a copied table: its name there, its type, and what is known of its values so far."""

    name: str
    kind: str
    kinds: tuple[str, ...] = ()  # the types of its values, those that it is too narrow for included
    large: bool = False  # whether it holds integers that no float can be

    @classmethod
    def declared(cls, name: str, declared: str) -> "Column":
        """An empty column of the type that SQLite's side declares."""
        return cls(name, _DECLARED.get(declared, "VARCHAR"))

    @property
    def is_mixed(self) -> bool:
        """Whether it is text because its values are of several types."""
        return self.kind == "VARCHAR" and len(self.kinds) > 1


@dataclass(frozen=True, slots=True)
class Packed:
    """Values on their way into a column: arrays by name, and the SQL expression that makes values of them."""

    arrays: dict[str, Any]
    expression: str


def types_of(values: Sequence[Value]) -> set[type]:
    """The types of these values."""
    return set(map(type, values))


def widened(column: Column, values: Sequence[Value], types: set[type]) -> Column:
    """What the column has to be to hold these values, of these types, too."""
    present = types - {type(None)}
    if not present:
        return column
    large = column.large or (int in present and _are_large(values, types))
    kinds = {_KINDS[each] for each in present}.union(column.kinds)
    numbers = kinds == {"BIGINT", "DOUBLE"} and not large
    kind = "DOUBLE" if numbers else "VARCHAR" if len(kinds) > 1 else next(iter(kinds))
    return Column(column.name, kind, tuple(sorted(kinds)), large)


def _are_large(values: Sequence[Any], types: set[type]) -> bool:
    """Whether there are integers that no float can be."""
    if types != {int}:
        values = [value for value in values if type(value) is int]
    return bool(max(values) > _EXACT or min(values) < -_EXACT)


def pack(values: Sequence[Any], types: set[type], kind: str, name: str) -> Packed:
    """The values as numpy arrays called after `name`, and the expression that makes them `kind` again.

    DuckDB takes a NaN in an array for NULL, and guesses the type of objects from a sample. So what is NULL and what is
    NaN is told by arrays of their own, and arrays of objects hold objects of one type.
    """
    arrays: dict[str, Any] = {}
    conditions = ""
    if type(None) in types:
        arrays[f"{name}_null"] = np.array([value is None for value in values])
        conditions += f"WHEN {name}_null THEN NULL "
        filler = _FILLERS.get(kind, "")
        values = [filler if value is None else value for value in values]
    if kind in {"VARCHAR", "JSON"} and types - {str, type(None)}:
        values = [_spell(value) for value in values]
    code = _CODES.get(kind)
    array = np.array(values, dtype=object) if code is None else np.frombuffer(typed(code, values), dtype=code)
    arrays[name] = array
    if kind == "DOUBLE" and (undefined := np.isnan(array)).any():
        arrays[f"{name}_nan"] = undefined
        conditions += f"WHEN {name}_nan THEN CAST('nan' AS DOUBLE) "
    if not conditions and code is not None:  # DuckDB takes the type of such an array as it is
        return Packed(arrays, name)
    expression = f"CASE {conditions}ELSE {name} END" if conditions else name
    return Packed(arrays, f"CAST({expression} AS {kind})")


def _spell(value: Value) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return escaped(value) if isinstance(value, str) else str(value)
