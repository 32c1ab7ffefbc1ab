"""What differs between SQL databases: names, types, limits, and the SQL of aggregates."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType
from typing import Any

from xetrack._rows.normalize import EXTRA
from xetrack._spec.types import BigInt, Json, SurrogateText, Value

__all__ = ["SQLITE", "Dialect", "EventTable"]

_DECLARED: Mapping[type, str] = {
    bool: "BOOLEAN",
    int: "INTEGER",
    float: "REAL",
    str: "TEXT",
    bytes: "BLOB",
    BigInt: "INTEGER",
    SurrogateText: "TEXT",
    Json: "JSON TEXT",  # with JSON alone SQLite would convert text that looks like a number
    NoneType: "",
}
_OWN: dict[type, str] = {bool: "BOOLEAN", int: "INTEGER", float: "REAL", str: "TEXT", bytes: "BLOB", Json: "JSON"}
_AS_IT_IS = frozenset({"", "BLOB"})
_FITTING_ANY = frozenset({NoneType, bytes})
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
_NUMBERS = dict.fromkeys(
    ("BOOLEAN", "INTEGER", "REAL", "TEXT", "BLOB", "JSON", ""),
    "CASE WHEN typeof({column}) IN ('integer', 'real') THEN {column} END",
)
# Beside a single min() or max(), SQLite takes other columns from the row that has it
# (sqlite.org/lang_select.html, 2.5).
_AGGREGATES = {
    "first": "{column}, min({order})",
    "last": "{column}, max({order})",
    "min": "min({number})",
    "max": "max({number})",
    "mean": "avg({number})",
    "count": "count({column})",
}


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How an SQL database names, types and limits columns. The defaults are those of SQLite.

    Types of columns are BOOLEAN, INTEGER, REAL, TEXT, BLOB, JSON, or "" if unknown, as in `Engine.columns()`.
    Derive a class to override a method.

    Attributes:
        placeholder: a bound parameter. `{}` stands for its number, from 1, as in `"${}"` or `":{}"`.
        max_columns: the most columns of a table. Further keys are stored in the extra.
        max_name_bytes: the longest name of a column or table, in bytes of UTF-8; None without a limit.
        reserved: names that no column may have, in lower case.
        folds_case: whether names that differ only in case are the same.
        declared: SQL type of a column whose first value has a type. No column is made for a type that is missing.
        typed: whether a column holds only values of its own type. SQLite's hold any.
        keeps_nan: whether a REAL column gives NaN back, rather than NULL or an error.
        keeps_negative_zero: whether a REAL column tells -0.0 from 0.0.
        keeps_nul: whether text may contain the character NUL.
        order: SQL expression of a row that increases in the order of insertion.
        numbers: for each type of column, the SQL expression of the number in `{column}`, NULL for NaN and other values.
            Types that are missing hold no numbers.
        aggregates: SQL expressions over the rows of a run: `first`, `last`, `min`, `max`, `mean` and `count`. They may
            use `{column}`, `{number}` and `{order}`. Rows without a value, or without a number, are not among them.
        extra_has: SQL condition that the JSON in `{extra}` has the key in the parameter `{key}`, and may be true for
            others. If it is empty, all extras are looked at.
    """

    placeholder: str = "?"
    max_columns: int = 1000  # SQLite allows 2,000
    max_name_bytes: int | None = None
    reserved: frozenset[str] = frozenset({"_rowid_"})  # queries order by it, and a column of that name would hide it
    folds_case: bool = True
    declared: Mapping[type, str] = field(default_factory=lambda: _DECLARED)
    typed: bool = False
    keeps_nan: bool = False
    keeps_negative_zero: bool = False
    keeps_nul: bool = True
    order: str = "_rowid_"
    numbers: Mapping[str, str] = field(default_factory=lambda: _NUMBERS)
    aggregates: Mapping[str, str] = field(default_factory=lambda: _AGGREGATES)
    extra_has: str = "EXISTS (SELECT 1 FROM json_each({extra}) WHERE json_each.key = {key})"

    def quote(self, name: str) -> str:
        """Return a name as an SQL identifier."""
        quoted = '"' + name.replace('"', '""') + '"'
        return quoted.replace("%", "%%") if self.placeholder.startswith("%") else quoted

    def placeholders(self, count: int, first: int = 1) -> list[str]:
        """Return the placeholders of bound parameters.

        Args:
            count: how many.
            first: the number of the first one, from 1.
        """
        return [self.placeholder.format(number) for number in range(first, first + count)]

    def name_fits(self, name: str) -> bool:
        """Return whether a name of a column or table is short enough, and has no NUL."""
        return "\0" not in name and (self.max_name_bytes is None or len(name.encode()) <= self.max_name_bytes)

    def may_be_column(self, key: str, columns: Mapping[str, str]) -> bool:
        """Return whether a key can become a column next to `columns`. If not, it is stored in the extra.

        Args:
            key: the key.
            columns: the columns that the table has.
        """
        lower = key.lower()
        return (
            len(columns) < self.max_columns
            and lower not in {"", EXTRA}
            and lower not in self.reserved
            and self.name_fits(key)
            and (all(lower != name.lower() for name in columns) if self.folds_case else key not in columns)
        )

    def declared_type(self, value: Value) -> str | None:
        """Return the SQL type of a column whose first value is `value`; None if it makes no column."""
        return self.declared.get(type(value))

    def normal_type(self, declared: str) -> str:
        """Return the type of a column that was declared with an SQL type, in any case."""
        upper = declared.upper()
        for kind, own in _OWN.items():
            if self.declared.get(kind, "").upper() == upper:
                return own
        if not upper:
            return ""
        return next((ours for part, ours in _AFFINITIES if part in upper), "INTEGER")

    def fits(self, value: Value, column: str) -> bool:
        """Return whether a column gives a value back unchanged.

        Args:
            value: the value.
            column: type of the column.
        """
        if isinstance(value, float):
            if value != value:
                if not self.keeps_nan:
                    return False
            elif not value and not self.keeps_negative_zero and math.copysign(1, value) < 0:
                return False
            if column == "INTEGER" and not self.typed:
                return not value.is_integer()  # SQLite makes 2.0 a 2
        elif not self.keeps_nul and isinstance(value, str) and "\0" in value:
            return False
        return self.type_fits(type(value), column)

    def type_fits(self, kind: type, column: str) -> bool:
        """Return whether a column gives every value of a type back unchanged, NaN, -0.0 and NUL aside.

        Args:
            kind: type of the values.
            column: type of the column.
        """
        if self.typed:
            return kind is NoneType or _OWN.get(kind) == column
        return kind in _FITTING_ANY or column in _FITTING[kind]

    def aggregate(self, function: str, name: str, column: str) -> tuple[str, str] | None:
        """Return how to aggregate a column over the rows of a run.

        Args:
            function: `first`, `last`, `min`, `max`, `mean` or `count`.
            name: name of the column.
            column: type of the column.

        Returns:
            The SQL expression, and the condition for the rows that count. None if the function needs numbers, and the
            column holds none.
        """
        number = self.numbers.get(column)
        needed = "{number}" if function in {"min", "max", "mean"} else "{column}"
        if number is None and needed == "{number}":
            return None
        # names may contain braces, so they come last, and str.format() does not do
        filled = [
            text.replace("{number}", number or "").replace("{order}", self.order).replace("{column}", self.quote(name))
            for text in (self.aggregates[function], f"{needed} IS NOT NULL")
        ]
        return filled[0], filled[1]


SQLITE = Dialect()
"""The dialect of SQLite's engine."""


@dataclass(frozen=True, slots=True)
class EventTable:
    """A table of events in an SQL database, for queries of the core: what `Engine.event_table(table)` returns.

    Attributes:
        name: the table as SQL, quoted and with its schema.
        columns: the type of each column. That of the extras is among them, as `EXTRA`, if there are any.
        dialect: how to write queries.
        query: run a query with parameters, and return its rows. Raises `DatabaseError`.
    """

    name: str
    columns: Mapping[str, str]
    dialect: Dialect
    query: Callable[[str, Sequence[Value]], Sequence[Sequence[Any]]]
