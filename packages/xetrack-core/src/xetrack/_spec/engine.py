"""What a storage engine promises."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, runtime_checkable

from xetrack._spec.types import Columns, Row, Run, Value

__all__ = ["Engine"]


@runtime_checkable
class Engine(Protocol):
    """Stores rows in tables, in the order of insertion, and gives them back as they were.

    Tables come into being with their first row. Reading a table that does not exist gives nothing, never an error.
    One engine may be shared by threads. Every method raises `DatabaseError` or one of its subclasses when the store
    fails, and then nothing of that call was stored.

    An engine may also have a method `let_go()`. It is called instead of `close()` when a tracker is garbage-collected
    without being closed: `conn` or an asset store may still be in use. The engine then closes when its last user is
    gone.
    """

    @property
    def conn(self) -> Any:
        """A connection to query with; for SQL engines the data is attached as `db`."""

    def transaction(self) -> AbstractContextManager[None]:
        """What is written inside is committed together at the end, or not at all if the block raises. May be nested."""

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Store `rows`, all or none; durable on return unless inside `transaction()`.

        `(track_id, timestamp)` is unique in a table. Where a row's is taken, its `timestamp` moves on by as many
        microseconds as it takes, in the row handed in too.
        """

    def merge(self, table: str, rows: Sequence[Row]) -> list[Row]:
        """Store those `rows` whose `(track_id, timestamp)` is not there yet, and return those, in their order."""

    def read(
        self, table: str, *, track_id: str | None = None, head: int | None = None, tail: int | None = None
    ) -> Columns:
        """The rows of `table` (of one run, the first `head`, the last `tail`) in the order of insertion."""

    def scan(self, table: str, size: int = 10_000) -> Iterator[Columns]:
        """All rows of `table` in the order of insertion, at most `size` at a time, in bounded memory."""

    def count(self, table: str, track_id: str | None = None) -> int:
        """The number of rows."""

    def tables(self) -> list[str]:
        """The names of the tables that hold events, sorted."""

    def columns(self, table: str) -> dict[str, str]:
        """Each key of `table` and its declared type: BOOLEAN, INTEGER, REAL, TEXT, BLOB, JSON, or "" if unknown."""

    def update(
        self,
        table: str,
        key: str,
        value: Value,
        *,
        track_id: str | None = None,
        where: tuple[str, Value] | None = None,
    ) -> int:
        """Set `key` to `value` in the rows of one run, or where another key has a value; return how many rows."""

    def delete(self, table: str, track_id: str) -> int:
        """Delete one run, its rows and its record; return how many rows."""

    def drop(self, table: str) -> None:
        """Delete a table with all its runs."""

    def save_run(self, run: Run) -> None:
        """Record that `run` goes on. A run recorded before keeps its `started`."""

    def finish_run(self, run: Run) -> None:
        """Record how `run` ended, if it was recorded and no other process has resumed it since.

        `rows` and `values` are what its tracker knows; an engine may take them over where nobody else changed the run.
        """

    def runs(self, table: str) -> list[Run]:
        """Every run in `table`, the one that logged last first, recorded or told from its rows."""

    def latest_run(self, table: str) -> str | None:
        """The track id of the run that logged last."""

    def has_assets(self) -> bool:
        """Whether objects were logged into this store."""

    def flush(self) -> bool:
        """Make the store whole on its own: afterwards a copy of its file is a copy of everything.

        False if somebody who is reading kept a part of it from getting there.
        """

    def close(self) -> None:
        """`flush()`, then let go of everything. Closing twice does nothing."""
