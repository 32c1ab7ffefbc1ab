"""The connection: transactions, forks and errors. For another database, change this file and `tables.py` first.

Python's `sqlite3` stands for any driver with Python's database API (PEP 249). Comments say where a server differs.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote as quote_url

from xetrack.errors import (
    ClosedError,
    DatabaseError,
    DatabaseLockedError,
    DatabaseNotFoundError,
    DatabaseReadOnlyError,
    NotADatabaseError,
)
from xetrack.plugin import HeldAtFork, new_lock

from .tables import CREATE

__all__ = ["Connection"]

_ERRORS: dict[str, tuple[type[DatabaseError], str]] = {
    "SQLITE_BUSY": (DatabaseLockedError, "Another process holds the lock. Try again, or use a longer timeout."),
    "SQLITE_NOTADB": (NotADatabaseError, "Another program wrote the file. Choose another path."),
    "SQLITE_READONLY": (DatabaseReadOnlyError, "Check the permissions of the file and its folder."),
}
_left_open: list[Any] = []  # connections with a transaction of the parent, which a forked child must not close


class Connection:
    """One connection that threads share, opened anew after a fork. The data is attached as `db`."""

    def __init__(self, db: str, timeout: float, *, read_only: bool) -> None:
        self.db, self.timeout, self.read_only = db, timeout, read_only
        self.lock = new_lock()
        self.depth = 0
        self._closed = False
        self._opened: sqlite3.Connection | None = None
        if read_only and not Path(db).exists():
            raise DatabaseNotFoundError(f"{db} does not exist. Tracker creates the file.")
        if not read_only:
            self._create()
        elif not self.rows("SELECT 1 FROM db.sqlite_master WHERE name = 'xetrack_meta'"):
            raise NotADatabaseError(f"{db} is not a store of this engine. Choose another path.")
        _connections.add(self)

    def _create(self) -> None:
        try:
            if self.db != ":memory:":
                Path(self.db).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseError(f"{self.db}: {error.strerror}") from error
        with suppress(DatabaseLockedError):  # another process is doing so
            self.execute("PRAGMA db.journal_mode = WAL")
        with self.transaction():
            for statement in CREATE.split(";"):
                self.execute(statement)

    def raw(self) -> sqlite3.Connection:
        """Return the driver's connection."""
        with self.lock, self._translated():
            if self._closed:
                raise ClosedError(f"{self.db} is closed. Make a new tracker or reader to go on.")
            if self._opened is None:
                if self.depth:
                    raise DatabaseError(f"{self.db}: the connection was lost. The transaction stored nothing.")
                made = sqlite3.connect(
                    ":memory:", timeout=self.timeout, isolation_level=None, check_same_thread=False, uri=True
                )
                try:
                    mode = "rw" if self.read_only else "rwc"
                    path = f"file:{quote_url(self.db)}?mode={mode}" if self.db != ":memory:" else self.db
                    made.execute("ATTACH ? AS db", (path,))
                    made.execute("PRAGMA db.synchronous = NORMAL")  # survives kill -9
                    made.execute(f"PRAGMA query_only = {self.read_only}")
                except BaseException:
                    made.close()
                    raise
                self._opened = made
            return self._opened

    def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Execute a statement. Where the paramstyle is "format", double each % and turn ? into %s here."""
        with self.lock:
            connection = self.raw()
            with self._translated():
                return connection.execute(sql, values)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a query."""
        with self.lock, self._translated():
            return self.execute(sql, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the outermost end; roll back to a savepoint, or everything, if the block raises."""
        with self.lock:
            if self.read_only:
                self.raw()
                raise DatabaseReadOnlyError(f"{self.db} was opened read-only. Use a Tracker to write.")
            # IMMEDIATE: one writer at a time. A server does without if its sequence numbers are in order of commit.
            with self._block("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"):
                yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read one state of the store in the block. A server: REPEATABLE READ."""
        with self.lock, self._block("BEGIN", "COMMIT", "ROLLBACK"):
            yield

    @contextmanager
    def _block(self, begin: str, commit: str, rollback: str) -> Iterator[None]:
        if self.depth:
            name = f"level_{self.depth}"
            begin, commit, rollback = f"SAVEPOINT {name}", f"RELEASE {name}", f"ROLLBACK TO {name}"
        self.execute(begin)
        self.depth += 1
        try:
            yield
            self.execute(commit)
        except BaseException:
            if self._opened is not None and self._opened.in_transaction:
                self.execute(rollback)
            raise
        finally:
            self.depth -= 1

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if _is_lost(error):
                self._opened = None  # the next call connects again, but not in the same transaction
            name = getattr(error, "sqlite_errorname", "")
            found = next((each for prefix, each in _ERRORS.items() if name.startswith(prefix)), None)
            kind, cure = found or (DatabaseError, "")
            raise kind(f"{self.db}: {error}. {cure}".strip()) from error

    def close(self) -> None:
        """Close the connection. Closing twice is harmless."""
        with self.lock:
            self._closed = True
            self._disconnect()

    def _disconnect(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    # Forks: both processes open connections of their own. A server: leave the inherited one open in the child, because
    # closing it would end the session of the parent.

    def before_fork(self) -> None:
        """Wait for other threads, and disconnect."""
        self.lock.__enter__()
        if not self.depth and self.db != ":memory:":
            self._disconnect()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self.lock.__exit__(None, None, None)

    def after_fork_in_child(self) -> None:
        """Leave a transaction to the parent."""
        if self.depth:
            _left_open.append(self._opened)
            self._opened, self.depth = None, 0


_connections: HeldAtFork[Connection] = HeldAtFork()


def _is_lost(error: sqlite3.Error) -> bool:
    """Whether the connection can no longer be used. A server: its driver's OperationalError, or `connection.closed`."""
    return isinstance(error, sqlite3.ProgrammingError) and "closed" in str(error)
