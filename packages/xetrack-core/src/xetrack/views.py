"""Rows as a sequence and a table, for whatever can read them: what `Tracker` and `Reader` have in common."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar, overload

from xetrack import frames
from xetrack.collector import paused_gc
from xetrack.flags import flag
from xetrack.protocols import Columns, Engine
from xetrack.values import to_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RunView", "View"]

T = TypeVar("T")

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


class RunView(View):
    """The rows of one run in a table of an engine; where told so, those of all runs."""

    @property
    @abstractmethod
    def engine(self) -> Engine:
        """The storage engine."""

    @property
    @abstractmethod
    def table(self) -> str:
        """The name of the table of events."""

    @property
    @abstractmethod
    def track_id(self) -> str:
        """The name of the run."""

    @abstractmethod
    def _check_open(self) -> None:
        """Raise `ClosedError` if there is nothing to read from any more."""

    def _ask(self, question: Callable[[Engine], T]) -> T:
        """The engine's answer."""
        self._check_open()
        return question(self.engine)

    def to_df(self, all: bool = False) -> "pd.DataFrame":  # noqa: FBT001, FBT002 - the documented name
        """The rows of this run, or of all runs in the table, as a pandas DataFrame."""
        with paused_gc():
            return frames.to_pandas(self._chosen(all))

    def to_csv(self, path: str | os.PathLike[str], all: bool = False) -> None:  # noqa: FBT001, FBT002 - as above
        """Write the rows of this run, or of all, as CSV; lists and dicts as JSON. Missing folders are made."""
        frames.write_csv(self._chosen(all), path)

    def to_parquet(self, path: str | os.PathLike[str], all: bool = False) -> None:  # noqa: FBT001, FBT002 - as above
        """Write the rows of this run, or of all, as Parquet; lists and dicts as JSON text. Needs pyarrow.

        Missing folders are made.
        """
        frames.write_parquet(self._chosen(all), path)

    def count_run(self) -> int:
        """The number of rows of this run."""
        return self._ask(lambda engine: engine.count(self.table, self.track_id))

    def count_all(self) -> int:
        """The number of rows in the table."""
        return self._ask(lambda engine: engine.count(self.table))

    def __len__(self) -> int:
        """The number of rows of this run."""
        return self.count_run()

    def _read(self, *, head: int | None = None, tail: int | None = None) -> Columns:
        return self._ask(lambda engine: engine.read(self.table, track_id=self.track_id, head=head, tail=tail))

    def _chosen(self, all: object) -> Columns:
        """The rows of this run, or of all runs."""
        return self._ask(lambda engine: engine.read(self.table)) if flag("all", all) else self._read()

    def _types(self) -> dict[str, str]:
        return self._ask(lambda engine: engine.columns(self.table))
