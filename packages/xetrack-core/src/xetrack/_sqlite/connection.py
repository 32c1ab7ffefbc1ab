"""A SQLite database in WAL mode, shared by threads and reopened after a fork.

The file is attached as `db` to an empty in-memory database, so that documented SQL (`SELECT * FROM db.events`) works
with every engine. Only Python's `sqlite3` may open the file: a second copy of the SQLite library in one process breaks
its locks, and committed rows are lost.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from xetrack._sqlite import open_databases
from xetrack._sqlite.errors import FAILURES, check_path, is_busy, is_unwritable, translate
from xetrack._sqlite.file_identity import FileIdentity, remove_leftovers
from xetrack._sqlite.user_connection import MemoryConnection, UsersConnection
from xetrack._util.interrupts import block
from xetrack._util.paths import MEMORY
from xetrack.errors import ClosedError, DatabaseError, DatabaseReadOnlyError

__all__ = ["Database"]

_FLUSH_WAITS = 1000  # milliseconds

C = TypeVar("C", bound=sqlite3.Connection)


class _Compilations:
    """An authorizer that notes when SQLite compiles a statement, as it does anew once others changed the schema.

    Reading `PRAGMA schema_version` for each row instead was measured to make `log()` 6% slower.
    """

    any = True

    def __call__(self, *_: object) -> int:
        """Note a compilation, and allow it."""
        self.any = True
        return sqlite3.SQLITE_OK


class Database:
    """One connection to one file, opened when first used, and again in a forked child.

    `setup(connection, writable)` runs on every fresh connection. Implements `SqlTables`.
    """

    dialect = "sqlite"

    def __init__(
        self, path: str, *, read_only: bool, timeout: float, setup: Callable[[sqlite3.Connection, bool], None]
    ) -> None:
        self.path = path
        self.read_only = read_only
        self.timeout = timeout
        self.lock = threading.RLock()
        self.depth = 0
        self.connections = 0  # of the engine itself, opened so far
        self._blocks: list[object] = []  # the transaction and its savepoints, outermost first
        self._setup = setup
        self._own: sqlite3.Connection | None = None
        self._cursor: sqlite3.Cursor | None = None
        self._users: UsersConnection | None = None
        self._identity: FileIdentity | None = None  # once the file was opened
        self._closed = False
        self.compilations = _Compilations()
        if path != MEMORY:
            check_path(path, read_only=read_only)
        open_databases.add(self)  # before opening: another thread may fork in between
        if path == MEMORY or Path(path).exists():
            self.connection()  # report a damaged file now, not at the first row

    @property
    def exists(self) -> bool:
        """Whether there is anything to read. The first write creates the file."""
        return self._identity is not None or self.path == MEMORY or Path(self.path).exists()

    def check(self, *, now: bool = False) -> None:
        """Raise `DatabaseRemovedError` if the file was removed or replaced; `now`, even if checked a moment ago."""
        if self._identity is not None and (now or time.monotonic() >= self._identity.due):
            self._identity.check()

    @property
    def is_lost(self) -> bool:
        """Whether the last check found that the file was removed or replaced."""
        return self._identity is not None and self._identity.is_lost

    def connection(self) -> sqlite3.Connection:
        """Return the engine's own connection. Raises `DatabaseRemovedError` if its file is gone."""
        self.check()
        if self._own is None:
            with self.lock:
                if self._own is None:
                    own = self._open(MemoryConnection if self.path == MEMORY else sqlite3.Connection)
                    if isinstance(own, MemoryConnection):
                        own.note_alone()
                    self._own = own
                    self.connections += 1
                    if not self.read_only:
                        self._own.set_authorizer(self.compilations)
                    if self._identity is not None:
                        self._identity.remember_log()
        return self._own

    def cursor(self) -> sqlite3.Cursor:
        """Return the one cursor that every `log()` uses: creating a cursor costs as much as using it."""
        if self._cursor is None:
            self._cursor = self.connection().cursor()
        elif self._identity is not None and time.monotonic() >= self._identity.due:  # inlined `check`
            self._identity.check()
        return self._cursor

    def users_connection(self) -> sqlite3.Connection:
        """Return the connection for users' SQL, the same one until it is closed.

        It is separate from the engine's, so that an open transaction or a half-read result cannot block `log()`. A
        database in memory has only one connection.
        """
        if self.path == MEMORY:
            return self.connection()
        with self.lock:
            self.connection()
            users = self._users
            if users is None or users.is_closed:
                users = self._users = self._open(UsersConnection)
                users.note_alone()
                users.check = self.check
            return users

    def _open(self, factory: type[C]) -> C:
        if self._closed:
            message = f"{self.path}: this tracker or reader was closed. Make a new one to go on."
            raise ClosedError(message)
        open_databases.abandon_removed(self.path)
        try:
            if self.read_only and self.path != MEMORY:
                return self._open_to_read(factory)
            if self.path != MEMORY:
                Path(self.path).parent.mkdir(parents=True, exist_ok=True)
            return self._connect("rwc", factory)
        except FAILURES as error:
            raise translate(error, self.path) from error
        except OSError as error:
            if isinstance(error, DatabaseError):
                raise
            message = f"{self.path}: its folder cannot be created ({error}). Choose another path."
            raise DatabaseReadOnlyError(message) from error

    def _open_to_read(self, factory: type[C]) -> C:
        """Open without leaving a trace.

        A read-only connection to a file in WAL mode leaves `-wal` and `-shm` files behind, and a writable one removes
        them on closing. So if nobody is writing, open the file writable and only read. If there is a log, of an active
        or killed writer, open it read-only: closing must not move the log into the file.
        """
        log = Path(f"{self.path}-wal")
        in_use = log.exists() and log.stat().st_size
        # immutable: for a file on a read-only medium
        for mode in ("ro",) if in_use else ("rw", "ro", "ro&immutable=1"):
            try:
                return self._connect(mode, factory)
            except sqlite3.OperationalError as error:
                failure = error
                if not is_unwritable(error):
                    break
        raise failure

    def _connect(self, mode: str, factory: type[C]) -> C:
        connection = sqlite3.connect(
            MEMORY,
            timeout=self.timeout,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
            uri=True,
            factory=factory,
        )
        try:
            target = MEMORY if self.path == MEMORY else f"{Path(self.path).absolute().as_uri()}?mode={mode}"
            connection.execute("ATTACH ? AS db", (target,))
            identity = self._identify(connection)
            self._setup(connection, not self.read_only)
            if self.read_only:
                connection.execute("PRAGMA query_only = ON")
            elif self.path != MEMORY:
                self._use_wal(connection)
        except BaseException:
            connection.close()
            raise
        self._identity = identity
        return connection

    def _identify(self, connection: sqlite3.Connection) -> FileIdentity | None:
        """Remember which file is open, and remove the log of a database that was at this path before."""
        if self.path == MEMORY:
            return None
        if not self.read_only and not Path(self.path).stat().st_size and Path(f"{self.path}-shm").exists():
            connection.execute("BEGIN EXCLUSIVE")
            remove_leftovers(self.path)
            connection.execute("ROLLBACK")
        return self._identity or FileIdentity(self.path, read_only=self.read_only)

    def _use_wal(self, connection: sqlite3.Connection) -> None:
        # here SQLite ignores the timeout and gives up as soon as another connection writes, so wait ourselves
        deadline = time.monotonic() + self.timeout
        while True:
            try:
                (mode,) = connection.execute("PRAGMA db.journal_mode = WAL").fetchone()
                break
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.005)
        # NORMAL survives a killed process in WAL mode; without WAL only FULL does
        connection.execute(f"PRAGMA db.synchronous = {'NORMAL' if mode == 'wal' else 'FULL'}")
        connection.execute("PRAGMA db.schema_version").fetchone()  # the first read creates the index of the log

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside a transaction."""
        if not self.lock.acquire(blocking=False):  # another thread is inside one
            return False
        try:
            return self.depth > 0
        finally:
            self.lock.release()

    def query(self, sql: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        with self.lock:
            try:
                return self.connection().execute(sql, parameters).fetchall()
            except FAILURES as error:
                raise translate(error, self.path) from error

    @block
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock for the block. Commit at its end, or roll back if it raises. May be nested."""
        with self.lock:
            connection = self.connection()
            level = self.depth
            name = f"level{level}"
            begin, commit = ("BEGIN IMMEDIATE", "COMMIT") if not level else (f"SAVEPOINT {name}", f"RELEASE {name}")
            mine = object()
            self._blocks.append(mine)
            self.depth = level + 1
            try:
                connection.execute(begin)
                yield connection
                if not level:
                    self.check()
                connection.execute(commit)
            except BaseException as error:
                if mine in self._blocks:  # else an outer block ended this one, which an interrupt kept from ending
                    self.undo(connection, name if level else None)
                if isinstance(error, sqlite3.Error):
                    raise translate(error, self.path) from error
                raise
            finally:
                if mine in self._blocks:
                    del self._blocks[level:]
                    self.depth = level

    @staticmethod
    def undo(connection: sqlite3.Connection, savepoint: str | None = None) -> None:
        """Roll back, unless SQLite has done so or the connection is closed. The error that led here is reported."""
        with suppress(sqlite3.Error):
            if not connection.in_transaction:
                return
            if savepoint is None:
                connection.execute("ROLLBACK")
            else:
                connection.execute(f"ROLLBACK TO {savepoint}")
                connection.execute(f"RELEASE {savepoint}")

    def flush(self) -> bool:
        """Move the write-ahead log into the file, waiting for readers for at most a second.

        Returns:
            Whether all of it was moved.

        Raises:
            DatabaseRemovedError: the file or its log is gone.
        """
        with self.lock:
            self.check(now=True)
            return self._flush()

    def _flush(self) -> bool:
        with self.lock:
            if self._own is None or self.read_only or self.path == MEMORY:
                return True
            try:
                try:
                    self._own.execute("PRAGMA db.wal_checkpoint(PASSIVE)").fetchone()
                    self._own.execute(f"PRAGMA busy_timeout = {min(round(self.timeout * 1000), _FLUSH_WAITS)}")
                    (busy, _, _) = self._own.execute("PRAGMA db.wal_checkpoint(TRUNCATE)").fetchone()
                finally:
                    self._own.execute(f"PRAGMA busy_timeout = {round(self.timeout * 1000)}")
            except sqlite3.Error as error:
                if is_busy(error):
                    return False
                raise translate(error, self.path) from error
            return not busy

    def compact(self) -> None:
        """Return the space of deleted data to the disk. Rewrites the file, which temporarily needs twice the space."""
        with self.lock:
            try:
                self.connection().execute("VACUUM db")
            except FAILURES as error:
                raise translate(error, self.path) from error
            self.flush()

    def close(self) -> None:
        """Close for good, moving the log into the file even if that was moved. Leave a shared log alone."""
        with self.lock:
            self._closed = True
            try:
                if not self._is_shared:
                    if self._users is not None:
                        self._users.close()  # a half-read result would block the flush
                    self._flush()
            finally:
                self._disconnect()

    def __del__(self) -> None:
        """Close once nobody reads through it: a store of objects may outlive its reader."""
        if getattr(self, "_closed", True):
            return
        if self.path == MEMORY:
            own, self._own, self._cursor, self._closed = self._own, None, None, True
            if isinstance(own, MemoryConnection) and not own.is_held():  # else it closes itself later
                own.close()
        else:
            self.close()

    def let_go(self) -> None:
        """Move the log into the file as far as possible, since it may be a while until the last user is gone."""
        if self._own is not None and self.path != MEMORY and not self._is_shared:
            with self.lock, suppress(sqlite3.Error):  # close() comes later, and reports errors
                self._own.execute("PRAGMA db.wal_checkpoint(PASSIVE)").fetchone()

    def release_users_connection(self) -> None:
        """Close the users' connection unless the user holds it: it would keep this database alive."""
        users = self._users
        if users is not None and not users.is_held():
            users.close()

    @property
    def _is_shared(self) -> bool:
        return self._identity is not None and self._identity.is_shared

    def abandon_log(self) -> None:
        """Remove the log if the file was removed or replaced, so that it is not taken for that of the next file."""
        if self._identity is not None and self._own is not None:
            self._identity.abandon_log()

    def _disconnect(self) -> None:
        own, users = self._own, self._users
        self._own = self._cursor = self._users = None
        if self._is_shared:
            _left_open.extend((own, users))
            own = users = None
        if self._identity is not None:
            self._identity.forget_log()  # SQLite removes it with the last connection
        for connection in (users, own):
            if connection is not None:
                connection.close()

    def before_fork(self) -> None:
        """Lock, and close the connections, while the process forks.

        A child inherits SQLite's record of file locks but not the locks. If it opened the file beside an inherited
        connection, SQLite would assume locks that it does not hold, and rows would be lost once the parent closes.
        """
        self.lock.acquire()
        if self.path != MEMORY and not self.depth:
            self._disconnect()

    def after_fork_in_parent(self) -> None:
        """Unlock. The file is opened again when needed."""
        self.lock.release()

    def after_fork_in_child(self) -> None:
        """Unlock. A connection inside a transaction belongs to the parent, and must not even be closed here."""
        if self.path != MEMORY and self.depth:
            _left_open.extend((self._own, self._users))
            self._own = self._cursor = self._users = None
            self.depth = 0
            self._blocks.clear()
        self.lock.release()


_left_open: list[sqlite3.Connection | None] = []
"""Connections that must not be closed: those a parent had in a transaction when it forked, and those whose log another
database uses."""
