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


class DuckdbEngine(SqliteEngine):
    """The core's SQLite engine, with a DuckDB connection to query with.

    DuckDB starts when `conn` is first asked for, and again in a forked child.
    """

    def __init__(self, db: str, options: "DuckdbOptions", *, read_only: bool = False) -> None:
        super().__init__(db, options, read_only=read_only)
        self._options = options
        # Re-entrant: a signal handler may close the engine while the connection is being opened.
        self._opening = threading.RLock()
        self._mirror: Mirror | None = None
        self._duckdb: Connection | None = None
        self._closed = False

    @property
    def conn(self) -> "Connection":  # type: ignore[override] # SQLite's own engine gives a connection of sqlite3
        """A DuckDB connection with the data in the database `db`; the same one each time. See `Connection`."""
        from xetrack_duckdb.connection import Connection

        with self._opening:
            if self._duckdb is None or not self._duckdb.is_usable:
                self._duckdb = Connection(self._usable_mirror())
            return self._duckdb

    def _usable_mirror(self) -> "Mirror":
        from xetrack_duckdb.mirror import Mirror

        mirror = self._mirror
        if not self._closed and (mirror is None or not mirror.is_usable):
            mirror = self._mirror = Mirror(self.database, self._options)
        if mirror is None or self._closed:
            self._close_mirror()
            message = f"{self.database.path}: this tracker or reader is closed. Make a new one to query it."
            raise ClosedError(message)
        return mirror

    def close(self) -> None:
        """Flush and close, DuckDB first because it may be reading."""
        with self._opening:
            self._closed = True
            self._close_mirror()
        super().close()

    def _close_mirror(self) -> None:
        if self._mirror is not None:
            self._mirror.close()
