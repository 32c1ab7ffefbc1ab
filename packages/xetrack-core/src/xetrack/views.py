"""Rows as a sequence and a table, for whatever can read them: what `Tracker` and `Reader` have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, overload

from xetrack import frames
from xetrack.protocols import Columns
from xetrack.values import to_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["View"]

_TYPES: dict[str, type] = {"BOOLEAN": bool, "INTEGER": int, "REAL": float, "TEXT": str, "BLOB": bytes}


class View(ABC):
    """A sequence of rows. `view[i]` is the row as a dict, `view["key"]` the values of a key as a Series."""

    @abstractmethod
    def _read(self, *, head: int | None = None, tail: int | None = None) -> Columns:
        """The rows in the order of insertion."""

    @abstractmethod
    def _types(self) -> dict[str, str]:
        """The declared type of each key."""

    @abstractmethod
    def __len__(self) -> int:
        """The number of rows."""

    def __bool__(self) -> bool:
        """Always True: without rows it still is what one writes to or reads from."""
        return True

    @overload
    def __getitem__(self, item: str) -> "pd.Series[Any]": ...
    @overload
    def __getitem__(self, item: int) -> dict[str, Any]: ...
    def __getitem__(self, item: str | int) -> "pd.Series[Any] | dict[str, Any]":
        """A column by key, or a row by its place; negative places count from the end."""
        if isinstance(item, str):
            return frames.to_pandas(self._read())[item]
        size = item + 1 if item >= 0 else -item
        rows = to_rows(self._read(head=size) if item >= 0 else self._read(tail=size))
        if len(rows) < size:
            message = f"there is no row {item}: there are {len(rows)}"
            raise IndexError(message)
        return rows[-1] if item >= 0 else rows[0]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Every row as a dict."""
        return iter(to_rows(self._read()))

    def head(self, n: int = 5) -> "pd.DataFrame":
        """The first `n` rows."""
        return frames.to_pandas(self._read(head=n))

    def tail(self, n: int = 5) -> "pd.DataFrame":
        """The last `n` rows."""
        return frames.to_pandas(self._read(tail=n))

    @property
    def columns(self) -> list[str]:
        """Every key of the table."""
        return list(self._types())

    @property
    def dtypes(self) -> dict[str, type]:
        """The Python type of each key, by its first value; `object` where there is none, or lists and dicts."""
        return {key: _TYPES.get(declared, object) for key, declared in self._types().items()}

    def __str__(self) -> str:
        """The rows as a table."""
        return str(frames.to_pandas(self._read()))

    def _repr_html_(self) -> str:
        """The rows as a table, for notebooks."""
        return str(frames.to_pandas(self._read())._repr_html_())  # type: ignore[operator]
