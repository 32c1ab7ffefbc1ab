"""The engine: rows in memory, and a journal of all changes in a file."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from xetrack.errors import DatabaseError, DatabaseNotFoundError, DatabaseReadOnlyError, NotADatabaseError
from xetrack.plugin import Columns, MemoryEngine, Row, Run, Value, new_lock

from .changes import decode_calls, encode_call

__all__ = ["JournalEngine"]


class JournalEngine:
    """Writes each transaction as a line of changes, and replays them when the file is opened.

    A change is in the file when the method returns, or at the end of the outermost `transaction()`. Only one process
    may write at a time; others see its changes when they reopen the file. All rows are held in memory.
    """

    def __init__(self, db: str, *, read_only: bool = False) -> None:
        self._db = db
        self._read_only = read_only
        self._lock = new_lock()
        self._memory = MemoryEngine()
        self._depth = 0
        self._pending: list[str] = []
        self._file = BytesIO() if db == ":memory:" else self._open(Path(db))
        try:
            self._replay()
        except NotADatabaseError:
            self._file.close()
            raise

    def _open(self, path: Path) -> BinaryIO:
        if self._read_only and not path.exists():
            raise DatabaseNotFoundError(f"{path} does not exist. Tracker creates the file when it logs its first row.")
        try:
            if self._read_only:
                return path.open("rb", buffering=0)
            path.parent.mkdir(parents=True, exist_ok=True)
            return path.open("a+b", buffering=0)
        except OSError as error:
            raise DatabaseError(f"{path}: {error.strerror or error}") from error

    def _replay(self) -> None:
        """Replay the file. An incomplete last line, left by a killed process, is dropped."""
        self._memory = MemoryEngine()
        self._file.seek(0)
        data = self._file.read()
        whole = data.rfind(b"\n") + 1
        try:
            for line in data[:whole].decode().split("\n")[:-1]:
                self._apply(line)
        except (ValueError, TypeError, AttributeError) as error:
            raise NotADatabaseError(f"{self._db} is not a journal of this engine, or is damaged: {error}") from error
        if whole < len(data) and not self._read_only:
            self._file.truncate(whole)

    def _apply(self, line: str) -> None:
        for name, arguments, keywords in decode_calls(line):
            getattr(self._memory, name)(*arguments, **keywords)

    # Changes

    @contextmanager
    def transaction(self, tables: Sequence[str] | None = None) -> Iterator[None]:
        """Keep all changes made inside, or none. The whole file is locked, whatever `tables` are written."""
        with self._lock:
            self._memory.tables()  # raises if the engine is closed
            before = len(self._pending)
            self._depth += 1
            try:
                yield
                if self._depth == 1:
                    self._commit()
            except BaseException:
                self._undo(before)
                raise
            finally:
                self._depth -= 1

    def _commit(self) -> None:
        if self._pending:
            line = f"[{','.join(self._pending)}]\n".encode()
            end = self._file.seek(0, os.SEEK_END)
            try:
                self._write(line)
            except OSError as error:
                self._file.truncate(end)
                raise DatabaseError(f"{self._db}: {error.strerror or error}") from error
            self._pending.clear()

    def _write(self, line: bytes) -> None:
        if self._file.write(line) != len(line):
            raise OSError("the disk is full")

    def _undo(self, before: int) -> None:
        """Roll back to the file, and the pending changes from before the block that raised."""
        del self._pending[before:]
        self._replay()
        self._apply(f"[{','.join(self._pending)}]")

    def _change(self, name: str, *arguments: Any, **keywords: Any) -> Any:
        with self.transaction():
            if self._read_only:
                raise DatabaseReadOnlyError(f"{self._db} was opened read-only. Use a Tracker to write.")
            result = getattr(self._memory, name)(*arguments, **keywords)
            self._pending.append(encode_call(name, arguments, keywords))
            return result

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Store rows; a taken timestamp advances, in the caller's row too."""
        self._change("append", table, rows)

    def merge(self, table: str, rows: Sequence[Row]) -> list[Row]:
        """Store the rows that are new, and return them."""
        fresh: list[Row] = self._change("merge", table, rows)
        return fresh

    def update(
        self, table: str, key: str, value: Value, *, track_id: str | None = None, where: tuple[str, Value] | None = None
    ) -> int:
        """Set `key` in matching rows, and return their number."""
        return int(self._change("update", table, key, value, track_id=track_id, where=where))

    def delete(self, table: str, track_id: str) -> int:
        """Delete a run, and return its number of rows."""
        return int(self._change("delete", table, track_id))

    def drop(self, table: str) -> None:
        """Delete a table and its runs."""
        self._change("drop", table)

    def save_run(self, run: Run) -> None:
        """Record that a run is running."""
        self._change("save_run", run)

    def finish_run(self, run: Run) -> None:
        """Record how a run ended."""
        self._change("finish_run", run)

    # Reading

    @property
    def conn(self) -> Any:
        """The engine in memory, because there is no SQL."""
        return self._memory.conn

    def read(
        self, table: str, *, track_id: str | None = None, head: int | None = None, tail: int | None = None
    ) -> Columns:
        """Return rows in insertion order."""
        with self._lock:
            return self._memory.read(table, track_id=track_id, head=head, tail=tail)

    def scan(self, table: str, size: int = 10_000) -> Iterator[Columns]:
        """Yield all rows in insertion order, `size` at a time."""
        return self._memory.scan(table, size)

    def count(self, table: str, track_id: str | None = None) -> int:
        """Return the number of rows."""
        with self._lock:
            return self._memory.count(table, track_id)

    def tables(self) -> list[str]:
        """Return the names of tables, sorted."""
        with self._lock:
            return self._memory.tables()

    def columns(self, table: str) -> dict[str, str]:
        """Return keys and their types."""
        with self._lock:
            return self._memory.columns(table)

    def runs(self, table: str) -> list[Run]:
        """Return all runs, most recently active first."""
        with self._lock:
            return self._memory.runs(table)

    def latest_run(self, table: str) -> str | None:
        """Return the most recently active run."""
        with self._lock:
            return self._memory.latest_run(table)

    def has_assets(self) -> bool:
        """Return False: the engine stores no objects."""
        return self._memory.has_assets()

    def flush(self) -> bool:
        """Return True: every change is in the file already."""
        return True

    def close(self) -> None:
        """Close the file. Closing twice is harmless."""
        with self._lock:
            self._memory.close()
            self._file.close()
