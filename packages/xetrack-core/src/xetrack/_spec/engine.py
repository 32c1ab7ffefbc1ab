"""Protocol of storage engines."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, runtime_checkable

from xetrack._spec.changes import Changes
from xetrack._spec.types import Columns, Row, Run, Value

__all__ = ["Engine"]


@runtime_checkable
class Engine(Protocol):
    """Stores rows in tables, in insertion order, and returns them with their types.

    A table is created by its first row. Reading a table that does not exist returns nothing, without an error. Threads
    may share an engine. If the store fails, a method raises `DatabaseError` or a subclass, and nothing of that call is
    stored.

    An engine over SQL tables may also have a method `event_table(table)`. It returns a `xetrack.plugin.EventTable`, or
    None if the table does not exist. Filters of runs then query it, rather than read every row.

    An engine may also have a method `let_go()`. It is called instead of `close()` when a tracker is garbage-collected
    without being closed, because `conn` or an asset store may still be in use. The engine then closes when its last
    user is gone.
    """

    @property
    def conn(self) -> Any:
        """A connection for queries. SQL engines attach the data as `db`."""

    def transaction(self) -> AbstractContextManager[None]:
        """Return a `with` block whose writes are committed together, or not at all if it raises. Blocks may nest."""

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Store all rows or none. They are durable on return, unless inside `transaction()`.

        `(track_id, timestamp)` is unique in a table. If it is taken, the row's `timestamp` moves on by microseconds
        until it is free, in the stored row and in the one that was passed.
        """

    def merge(self, table: str, rows: Sequence[Row]) -> list[Row]:
        """Store the rows whose `(track_id, timestamp)` is not taken; return those, in order.

        The rows that were passed do not change.
        """

    def amend(self, table: str, rows: Sequence[Row]) -> list[Row]:
        """Set the keys of stored rows; return those keys that differed from what was stored.

        Each of `rows` names a stored row by its `(track_id, timestamp)`. Other keys of the stored row stay. Rows that
        are not stored are skipped.

        Returns:
            The rows that differed, in order, each with its identity and the keys that differed.
        """

    def read(
        self, table: str, *, track_id: str | None = None, head: int | None = None, tail: int | None = None
    ) -> Columns:
        """Return rows in insertion order.

        Args:
            table: the table to read.
            track_id: only the rows of this run.
            head: only the first rows, at most so many.
            tail: only the last rows, at most so many; of the first ones if `head` is given too.
        """

    def scan(self, table: str, size: int = 10_000, *, track_id: str | None = None) -> Iterator[Columns]:
        """Yield the rows of a table or run in insertion order, at most `size` at a time, in bounded memory."""

    def changes(self, table: str, since: str | None = None, size: int = 10_000) -> Changes:
        """Return what happened to a table since a watermark, whoever did it.

        Applying what the feed returns, again and again, keeps a copy of a table equal to it (see `Changes`), also if
        rows were logged, updated or deleted, the table was dropped, or the store was compacted or restored from a
        backup. Where the engine cannot tell what happened, it returns everything again. It may return a run that did
        not change, or a row twice, but never leaves one out.

        Args:
            table: the table to read.
            since: the watermark of an earlier call; by default everything. Watermarks of other stores do not fit.
            size: the most rows of a batch.
        """

    def metadata(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the texts that `set_metadata` stored under `keys`. Keys without one are left out.

        `id` is a random text that the engine itself stores with the first row or run: what names this store.
        """

    def set_metadata(self, texts: Mapping[str, str | None]) -> None:
        """Store a text under each key, or remove the key if the text is None."""

    def count(self, table: str, track_id: str | None = None) -> int:
        """Return the number of rows, of one run or of all."""

    def tables(self) -> list[str]:
        """Return the names of the tables of events, sorted."""

    def columns(self, table: str) -> dict[str, str]:
        """Return the declared type of each key: BOOLEAN, INTEGER, REAL, TEXT, BLOB, JSON, or "" if unknown."""

    def update(
        self,
        table: str,
        key: str,
        value: Value,
        *,
        track_id: str | None = None,
        where: tuple[str, Value] | None = None,
    ) -> int:
        """Set a key in rows; return how many rows were set.

        Args:
            table: the table to change.
            key: the key to set.
            value: its new value.
            track_id: only in the rows of this run.
            where: only in rows where this key has this value.
        """

    def delete(self, table: str, track_id: str) -> int:
        """Delete the rows and the record of a run; return how many rows it had."""

    def drop(self, table: str) -> None:
        """Delete a table with all its runs."""

    def save_run(self, run: Run) -> None:
        """Record that a run is running. A run that was recorded before keeps its `started`."""

    def finish_run(self, run: Run) -> None:
        """Record how a run ended, unless it was never recorded or another process has resumed it since.

        `run.rows` and `run.values` are what the tracker counted. The engine may store them as a summary if nobody else
        has changed the run.
        """

    def runs(self, table: str) -> list[Run]:
        """Return every run, most recently active first. A run without a record is derived from its rows.

        A run that is recorded as running, although its process is gone, has the status "crashed". The engine decides
        how it knows: by the process id (`xetrack.plugin.process_is_gone`), a lock of the writer's session, or a
        heartbeat. What is stored stays "running".
        """

    def latest_run(self, table: str) -> str | None:
        """Return the track id of the most recently active run; None if there are no rows."""

    def has_assets(self) -> bool:
        """Return whether objects were logged into this store."""

    def flush(self) -> bool:
        """Write everything into the store's own file, so that a copy of the file is complete.

        Returns:
            False if another reader prevented it.
        """

    def close(self) -> None:
        """Flush, then release all resources. Closing twice does nothing."""
