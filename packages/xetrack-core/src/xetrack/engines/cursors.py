"""The connection on which users run their own SQL."""

import sqlite3
import sys
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xetrack.engines.database import Database

__all__ = ["MemoryConnection", "UsersConnection"]


class _Shared(sqlite3.Connection):
    """A connection that is used here and that users hold as well.

    Every connection is in a cycle with its own cache of statements: unless it is closed, it stays until garbage is
    collected, and what it holds stays with it. So we close it if nobody else has it.
    """

    _alone = 0

    def note_alone(self) -> None:
        """Note how many references there are to a fresh connection, which its caller has in one variable."""
        self._alone = sys.getrefcount(self)

    def is_held(self) -> bool:
        """Whether there are more than that, by cursors among others; the caller has it in one variable again."""
        return sys.getrefcount(self) > self._alone


class MemoryConnection(_Shared):
    """The one connection to a database in memory, which users have too: it may outlive the database object.

    When garbage is collected, `__del__` of what belongs together runs in any order. So it closes only once it may, for
    a tracker has a run to end first.
    """

    may_close = False
    is_garbage = False

    def __del__(self) -> None:
        """Close: Python 3.13 and later warn of connections that are only let go of."""
        if self.may_close:
            self.close()
        else:
            self.is_garbage = True


class UsersConnection(_Shared):
    """A connection that closes its cursors with itself: one that is half read would keep its lock on the file.

    It keeps its database from being closed: `Reader(db).conn` outlives its reader, `Tracker(db).conn` its tracker.
    """

    database: "Database | None" = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._cursors: weakref.WeakSet[sqlite3.Cursor] = weakref.WeakSet()

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        """A cursor, remembered. Raises `DatabaseRemovedError` if the file is gone."""
        if self.database is not None:
            self.database.check()
        cursor = super().cursor(*args, **kwargs)
        self._cursors.add(cursor)
        return cursor

    def execute(self, *args: Any) -> Any:
        """As `sqlite3` has it, through a cursor that is remembered; likewise below."""
        return self.cursor().execute(*args)

    def executemany(self, *args: Any) -> Any:
        """As `sqlite3` has it."""
        return self.cursor().executemany(*args)

    def executescript(self, *args: Any) -> Any:
        """As `sqlite3` has it."""
        return self.cursor().executescript(*args)

    def close(self) -> None:
        """Close the cursors, then the connection. Closing twice does nothing."""
        cursors, self._cursors = self._cursors, weakref.WeakSet()
        for cursor in cursors:
            cursor.close()
        super().close()

    def __del__(self) -> None:
        """Close: as above."""
        self.close()
