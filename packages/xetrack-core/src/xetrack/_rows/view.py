"""Rows as a sequence and as a table: what `Tracker` and `Reader` have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar, overload

from xetrack._rows import dataframes
from xetrack._rows.normalize import to_rows
from xetrack._spec.types import Columns
from xetrack._util.arguments import count, integer
from xetrack._util.text import did_you_mean, safe_text
from xetrack.errors import KeyNotFoundError, OptionError, RowNotFoundError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["View"]

T = TypeVar("T")

_TYPES: dict[str, type] = {"BOOLEAN": bool, "INTEGER": int, "REAL": float, "TEXT": str, "BLOB": bytes}


class View(ABC):
    """A sequence of rows.

    ```python
    view["loss"]  # a pandas Series
    view[0], view[-1]  # a row as a dict
    view[10:20]  # rows as a list of dicts
    ```
    """

    @abstractmethod
    def _read(self, *, head: int | None = None, tail: int | None = None) -> Columns:
        """Return the rows in insertion order."""

    @abstractmethod
    def _types(self) -> dict[str, str]:
        """Return the declared type of each key."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of rows."""

    def __bool__(self) -> bool:
        """Return True, also without rows: `if tracker:` asks whether there is a tracker."""
        return True

    @overload
    def __getitem__(self, item: str) -> "pd.Series[Any]": ...
    @overload
    def __getitem__(self, item: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, item: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, item: str | int | slice) -> "pd.Series[Any] | dict[str, Any] | list[dict[str, Any]]":
        """Return a column by its key, or a row or a slice of rows by position, as in a list.

        Raises:
            KeyNotFoundError: no row has the key. It is also a `KeyError`.
            RowNotFoundError: there is no row at the position. It is also an `IndexError`.
            OptionError: the item is not a key, a position or a slice.
        """
        if isinstance(item, str):
            return self._column(item)
        if isinstance(item, slice):
            return self._slice(item)
        position = integer("index", item)
        rows = self._rows(position, position + 1) if position != -1 else to_rows(self._read(tail=1))
        if not rows:
            raise RowNotFoundError(f"there is no row {position}. Number of rows: {len(self)}.")
        return rows[0]

    def _column(self, key: str) -> "pd.Series[Any]":
        columns = self._read()
        if key not in columns:
            hint = did_you_mean(key, columns) or " List the keys with .columns."
            raise KeyNotFoundError(f"no row has the key {safe_text(key)}.{hint}")
        return dataframes.to_pandas({key: columns[key]})[key]

    def _slice(self, item: slice) -> list[dict[str, Any]]:
        try:
            chosen = range(len(self))[item]
        except (TypeError, ValueError) as error:
            raise OptionError(f"cannot use {safe_text(item)} as a slice of rows: {error}.") from error
        if not chosen:
            return []
        first, last = min(chosen[0], chosen[-1]), max(chosen[0], chosen[-1])
        rows = self._rows(first, last + 1)
        return rows[:: chosen.step]

    def _rows(self, start: int, stop: int) -> list[dict[str, Any]]:
        """Return the rows from one position up to another. Both may count from the end."""
        size = len(self)
        if start < 0:
            start, stop = start + size, stop + size
        if not 0 <= start < size:
            return []
        return to_rows(self._read(head=stop, tail=stop - start))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Iterate over the rows as dicts."""
        return iter(to_rows(self._read()))

    def head(self, n: int = 5) -> "pd.DataFrame":
        """Return the first `n` rows."""
        return dataframes.to_pandas(self._read(head=count("n", n)))

    def tail(self, n: int = 5) -> "pd.DataFrame":
        """Return the last `n` rows."""
        return dataframes.to_pandas(self._read(tail=count("n", n)))

    @property
    def columns(self) -> list[str]:
        """The keys of the table."""
        return list(self._types())

    @property
    def dtypes(self) -> dict[str, type]:
        """The Python type of each key's first value; `object` for lists and dicts, or if there is no value."""
        return {key: _TYPES.get(declared, object) for key, declared in self._types().items()}

    def __str__(self) -> str:
        """Return the rows as a table."""
        return str(dataframes.to_pandas(self._read()))

    def _repr_html_(self) -> str:
        """Return the rows as an HTML table, for notebooks."""
        return str(dataframes.to_pandas(self._read())._repr_html_())  # type: ignore[operator]
