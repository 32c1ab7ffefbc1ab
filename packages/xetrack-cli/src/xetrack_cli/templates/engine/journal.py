"""The engine: rows in memory, and a journal of every change in a file."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from xetrack.errors import DatabaseError, DatabaseNotFoundError, DatabaseReadOnlyError, NotADatabaseError
from xetrack.plugin import Columns, MemoryEngine, Row, Run, Value, new_lock

from .changes import decoded, encoded

__all__ = ["JournalEngine"]


class JournalEngine:
    """One line per transaction: its changes, which are replayed when the file is opened.

    A change is in the file when it returns, or at the end of the outermost `transaction()`. One process may write at a
    time; others see what it wrote when they open the file anew. Everything is held in memory.
    """

    def __init__(self, db: str, *, read_only: bool = False) -> None:
        self._db = db
        self._read_only = read_only
        self._lock = new_lock()
        self._kept = MemoryEngine()
        self._depth = 0
        self._waiting: list[str] = []
        self._file = BytesIO() if db == ":memory:" else self._opened(Path(db))
        try:
            self._replay()
        except NotADatabaseError:
            self._file.close()
            raise

    def _opened(self, path: Path) -> BinaryIO:
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
        """Replay the file. An incomplete last line, which a killed process left, is dropped."""
        self._kept = MemoryEngine()
        self._file.seek(0)
        data = self._file.read()
        whole = data.rfind(b"\n") + 1
        try:
            for line in data[:whole].decode().split("\n")[:-1]:
                self._make(line)
        except (ValueError, TypeError, AttributeError) as error:
            raise NotADatabaseError(f"{self._db} is damaged, or not a journal of this engine: {error}") from error
        if whole < len(data) and not self._read_only:
            self._file.truncate(whole)

    def _make(self, line: str) -> None:
        for name, arguments, chosen in decoded(line):
            getattr(self._kept, name)(*arguments, **chosen)

    # Changes

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit the changes made inside, or none of them."""
        with self._lock:
            self._kept.tables()  # raises if this engine was closed
            before = len(self._waiting)
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
        if self._waiting:
            line = f"[{','.join(self._waiting)}]\n".encode()
            end = self._file.seek(0, os.SEEK_END)
            try:
                self._write(line)
            except OSError as error:
                self._file.truncate(end)
                raise DatabaseError(f"{self._db}: {error.strerror or error}") from error
            self._waiting.clear()

    def _write(self, line: bytes) -> None:
        if self._file.write(line) != len(line):
            raise OSError("the disk is full")

    def _undo(self, before: int) -> None:
        """Roll back to the file, and to the changes pending before the block that raised."""
        del self._waiting[before:]
        self._replay()
        self._make(f"[{','.join(self._waiting)}]")

    def _change(self, name: str, *arguments: Any, **chosen: Any) -> Any:
        with self.transaction():
            if self._read_only:
                raise DatabaseReadOnlyError(f"{self._db} is open for reading only. Use a Tracker to write.")
            result = getattr(self._kept, name)(*arguments, **chosen)
            self._waiting.append(encoded(name, arguments, chosen))
            return result

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Insert rows. A timestamp that is taken moves on by a microsecond."""
        self._change("append", table, rows)

    def merge(self, table: str, rows: Sequence[Row]) -> list[Row]:
        """Insert the rows that are missing, and return them."""
        fresh: list[Row] = self._change("merge", table, rows)
        return fresh

    def update(
        self, table: str, key: str, value: Value, *, track_id: str | None = None, where: tuple[str, Value] | None = None
    ) -> int:
        """Set `key` in some rows, and return how many."""
        return int(self._change("update", table, key, value, track_id=track_id, where=where))

    def delete(self, table: str, track_id: str) -> int:
        """Delete a run, and return how many rows it had."""
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
        """Return the engine in memory, as there is no SQL."""
        return self._kept.conn

    def read(
        self, table: str, *, track_id: str | None = None, head: int | None = None, tail: int | None = None
    ) -> Columns:
        """Return rows in insertion order."""
        with self._lock:
            return self._kept.read(table, track_id=track_id, head=head, tail=tail)

    def scan(self, table: str, size: int = 10_000) -> Iterator[Columns]:
        """Yield all rows, `size` at a time."""
        return self._kept.scan(table, size)

    def count(self, table: str, track_id: str | None = None) -> int:
        """Return the number of rows."""
        with self._lock:
            return self._kept.count(table, track_id)

    def tables(self) -> list[str]:
        """Return the names of the tables, sorted."""
        with self._lock:
            return self._kept.tables()

    def columns(self, table: str) -> dict[str, str]:
        """Return the keys and their types."""
        with self._lock:
            return self._kept.columns(table)

    def runs(self, table: str) -> list[Run]:
        """Return every run, most recently active first."""
        with self._lock:
            return self._kept.runs(table)

    def latest_run(self, table: str) -> str | None:
        """Return the most recently active run."""
        with self._lock:
            return self._kept.latest_run(table)

    def has_assets(self) -> bool:
        """Return False: this engine stores no objects."""
        return self._kept.has_assets()

    def flush(self) -> bool:
        """Do nothing: every change is already in the file."""
        return True

    def close(self) -> None:
        """Close the file. Closing twice does nothing."""
        with self._lock:
            self._kept.close()
            self._file.close()
