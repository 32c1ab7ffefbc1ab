"""Protocol of storage engines."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, runtime_checkable
from urllib.parse import quote

from xetrack._spec.changes import Changes
from xetrack._spec.types import Columns, Row, Run, Value

__all__ = ["Engine", "run_key"]


def run_key(table: str, track_id: str | None = None) -> str:
    """Return how keys of metadata begin that go with a run when it is deleted, or with any run of the table."""
    parts = ["events" if table == "default" else table, *([] if track_id is None else [track_id])]
    return "/".join(["run", *(quote(part, safe="") for part in parts), ""])


@runtime_checkable
class Engine(Protocol):
    """Stores rows in tables, in insertion order, and returns them with their types.

    A table is created by its first row. For a table that does not exist, no method raises: `read` and `columns` return
    `{}`, `scan` yields nothing, `amend` and `runs` return `[]`, `latest_run` None, and `count`, `update` and `delete`
    return 0.

    "default" is another name of the table "events". Names that are empty, start with `xetrack_` or `sqlite_` in any
    case, or are "assets", "keys" or "counts" raise `InvalidTableError` when rows are stored (`check_table`). So do
    names with a NUL. Otherwise names and keys may be any text.

    Threads may share an engine, and processes a store. An engine that was opened before a fork serves both processes;
    a transaction that is open then belongs to the parent. If the store fails, a method raises `DatabaseError` or a
    subclass, and nothing of that call is stored. In particular:

    * `DatabaseLockedError`: another connection held a lock for longer than the engine waits.
    * `DatabaseReadOnlyError`: the engine was opened with `Context.read_only`, and a method would change the store. Such
      an engine creates and changes nothing; if the store does not exist, opening it raises `DatabaseNotFoundError`.
    * `ClosedError`: any method but `close` and `flush` after `close()`.

    After any other error the engine goes on working. If a connection was lost, the next call connects again, except
    in the same transaction.

    An engine may also have:

    - `event_table(table)`, which returns an `EventTable`, or None if the table does not exist: filters of runs query it
      with SQL, rather than read every row.
    - `sql`, a `SqlTables`: plugins such as asset stores keep tables in its database, in its transactions.
    - `backup(path, *, overwrite=False, progress=None)`: what `Reader.backup` calls.
    - `let_go()`: called instead of `close()` when a tracker is garbage-collected without being closed, because `conn`
      or an asset store may still be in use. The engine then closes when its last user is gone.
    """

    @property
    def conn(self) -> Any:
        """A connection for queries. SQL engines attach the data as `db`."""

    def transaction(self, tables: Sequence[str] | None = None) -> AbstractContextManager[None]:
        """Return a `with` block whose writes are committed together, or not at all if it raises. Blocks may nest.

        Args:
            tables: the tables of events that the block writes to, which may not exist yet. An engine may lock only
                those. None means any, or in an inner block those of the outer one. Metadata and the tables of plugins
                may be written in every block.
        """

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Store all rows or none. They survive `kill -9` on return, unless inside `transaction()`.

        Keys that a row lacks are None in it. Storing no rows creates no table. The engine keeps no reference to rows.

        `(track_id, timestamp)` is unique in a table. If it is taken, the row's `timestamp` moves on by microseconds
        until it is free, in the stored row and in the one that was passed.
        """

    def merge(self, table: str, rows: Sequence[Row]) -> list[Row]:
        """Store the rows whose `(track_id, timestamp)` is not taken; return those, in order.

        Stored rows and the rows that were passed do not change. Of two passed rows with one identity, the first counts.
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
        """Return rows in insertion order, whatever their timestamps.

        Args:
            table: the table to read.
            track_id: only the rows of this run. Applies before `head` and `tail`.
            head: only the first rows, at most so many; 0 returns none.
            tail: only the last rows, at most so many; of the first ones if `head` is given too.

        Returns:
            A list of values for each key of `columns(table)`, in the same order. Each value has the type it was logged
            with; None stands for a missing key.
        """

    def scan(self, table: str, size: int = 10_000, *, track_id: str | None = None) -> Iterator[Columns]:
        """Yield the rows of a table or run in insertion order, at most `size` at a time, in bounded memory."""

    def changes(self, table: str, since: str | None = None, size: int = 10_000) -> Changes:
        """Return the changes of a table since a watermark, by any writer.

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
        """Return the texts that `set_metadata` stored under `keys`, empty ones too. Keys without one are left out.

        `id` is a random text that the engine itself stores with the first row or run: what names this store.
        """

    def set_metadata(self, texts: Mapping[str, str | None]) -> None:
        """Store a text under each key, or remove the key if the text is None. Part of an open `transaction()`."""

    def count(self, table: str, track_id: str | None = None) -> int:
        """Return the number of rows, of one run or of all."""

    def tables(self) -> list[str]:
        """Return the names of the tables of events, sorted as Python sorts text; "events" for "default"."""

    def columns(self, table: str) -> dict[str, str]:
        """Return each key of a table with its type: BOOLEAN, INTEGER, REAL, TEXT, BLOB or JSON.

        The type is that of the key's first value; later values may have others. It is "" for a key without a column of
        its own, such as one that only the overflow column has, and for one whose values are all None. `timestamp` and
        `track_id` are among the keys.
        """

    def update(
        self,
        table: str,
        key: str,
        value: Value,
        *,
        track_id: str | None = None,
        where: tuple[str, Value] | None = None,
    ) -> int:
        """Set a key in rows; return how many rows were set. Rows keep their order.

        Args:
            table: the table to change.
            key: the key to set. It may be new: then it is None in the other rows.
            value: its new value, of any type.
            track_id: only in the rows of this run.
            where: only in rows where this key had this value before. Values compare as in Python (1, 1.0 and True are
                equal; 1, "1" and b"1" are not), except that NaN equals NaN, and `Json` equals no other text. None
                matches rows that lack the key, so every row if no row has it.
        """

    def delete(self, table: str, track_id: str) -> int:
        """Delete the rows, the record and the metadata of a run (`run_key`); return how many rows it had."""

    def drop(self, table: str) -> None:
        """Delete a table with all its runs. It may be created again, with other types."""

    def save_run(self, run: Run) -> None:
        """Record that a run is running. A run that was recorded before keeps its `started`.

        Its `offsets` are added to those on record, by `xetrack.plugin.merge_offsets`.
        """

    def finish_run(self, run: Run) -> None:
        """Record how a run ended, unless it was never recorded or another process has resumed it since.

        New `offsets` are added, as by `save_run`.

        `run.rows` and `run.values` are what the tracker counted. The engine may store them as a summary if nobody else
        has changed the run.
        """

    def runs(self, table: str, *, limit: int | None = None, track_ids: Sequence[str] | None = None) -> list[Run]:
        """Return runs that have rows, most recently active first: the order of their last inserted rows.

        A run without a record is derived from its rows, with the status "". `values` has the last value of each key
        that is not None, as stored now. Runs that were recorded but have no rows may be left out.

        A run that is recorded as running, although its process is gone, has the status "crashed". The engine decides
        how it knows: by the process id (`xetrack.plugin.process_is_gone`), a lock of the writer's session, or a
        heartbeat. What is stored stays "running".

        Args:
            table: the table to read.
            limit: only the most recently active runs, at most so many.
            track_ids: only these runs. Those that do not exist are left out.
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
