"""The engine: SQLite stores, DuckDB queries."""

import threading
from typing import TYPE_CHECKING

from xetrack.errors import ClosedError
from xetrack.sqlite import SqliteEngine

if TYPE_CHECKING:
    from xetrack_duckdb import DuckdbOptions
    from xetrack_duckdb.connection import Connection
    from xetrack_duckdb.mirror import Mirror

__all__ = ["DuckdbEngine"]


class DuckdbEngine:
    """The core's SQLite engine, with DuckDB as the connection to query with. Promises what `Engine` does.

    All that writes and reads rows is the SQLite engine's own method, so that it costs and gives what it does there.
    DuckDB starts when `conn` is first asked for, and again in a forked child.
    """

    def __init__(self, db: str, options: "DuckdbOptions", *, read_only: bool = False) -> None:
        self._options = options
        self._sqlite = sqlite = SqliteEngine(db, options, read_only=read_only)
        self._lock = threading.RLock()  # a handler of signals may close what is just being opened
        self._mirror: Mirror | None = None
        self._conn: Connection | None = None
        self._closed = False
        self.database = sqlite.database
        self.transaction = sqlite.transaction
        self.append = sqlite.append
        self.merge = sqlite.merge
        self.update = sqlite.update
        self.delete = sqlite.delete
        self.drop = sqlite.drop
        self.read = sqlite.read
        self.scan = sqlite.scan
        self.count = sqlite.count
        self.tables = sqlite.tables
        self.columns = sqlite.columns
        self.save_run = sqlite.save_run
        self.finish_run = sqlite.finish_run
        self.runs = sqlite.runs
        self.latest_run = sqlite.latest_run
        self.has_assets = sqlite.has_assets
        self.flush = sqlite.flush
        self.let_go = sqlite.let_go

    @property
    def conn(self) -> "Connection":
        """A DuckDB connection with the data in the database `db`; the same one each time. See `Connection`."""
        from xetrack_duckdb.connection import Connection

        with self._lock:
            if self._conn is None or not self._conn.is_usable:
                self._conn = Connection(self._opened())
            return self._conn

    def _opened(self) -> "Mirror":
        from xetrack_duckdb.mirror import Mirror

        mirror = self._mirror
        if not self._closed and (mirror is None or not mirror.is_usable):
            mirror = self._mirror = Mirror(self.database, self._options)
        if mirror is None or self._closed:
            self._close_mirror()
            message = f"{self.database.path}: this tracker or reader was closed. Make a new one to go on."
            raise ClosedError(message)
        return mirror

    def close(self) -> None:
        """Flush and close, DuckDB first: it may be reading."""
        with self._lock:
            self._closed = True
            self._close_mirror()
        self._sqlite.close()

    def _close_mirror(self) -> None:
        if self._mirror is not None:
            self._mirror.close()
