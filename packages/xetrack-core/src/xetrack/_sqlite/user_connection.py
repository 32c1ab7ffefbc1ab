"""Connections on which users run their own SQL."""

import sqlite3
import sys
import weakref
from collections.abc import Callable, Iterator
from functools import partial, wraps
from itertools import repeat
from typing import Any

__all__ = ["MemoryConnection", "UsersConnection", "UsersCursor"]

_STEPS = 100_000
"""SQLite instructions between two checks for signals: a few milliseconds, so that checks cost nothing."""


def _poll_signals(raised: list[BaseException]) -> Iterator[int]:
    """Let Python handle signals each time SQLite calls its progress handler, and keep what a signal handler raises.

    `sqlite3` discards exceptions of callbacks. Python handles signals when it enters a function, before any `try` in
    it, but resumes a generator inside its `try`.
    """
    try:
        while True:
            yield 0
    except GeneratorExit:
        return
    except BaseException as error:
        raised.append(error)
        raise


class _Shared(sqlite3.Connection):
    """A connection that users may hold as well.

    Every open connection is in a reference cycle with its statement cache, so it stays, with all that it refers to,
    until it is closed or garbage is collected. So close it as soon as no user holds it.
    """

    _alone = 0

    def note_alone(self) -> None:
        """Note the number of references to a fresh connection, with one local variable in the caller."""
        self._alone = sys.getrefcount(self)

    def is_held(self) -> bool:
        """Whether users or cursors add to those references. The caller again has one local variable."""
        return sys.getrefcount(self) > self._alone


class MemoryConnection(_Shared):
    """The only connection to a database in memory, shared with users. It may outlive the `Database`."""

    def __del__(self) -> None:
        """Close: Python 3.13 and later warn of unclosed connections."""
        self.close()


def _interruptible(method: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method of a cursor to raise what a signal handler raised, instead of "interrupted"."""

    @wraps(method)
    def call(self: "UsersCursor", *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except sqlite3.OperationalError as error:
            failure = self.connection.cause(error)
        raise failure

    return call


class UsersCursor(sqlite3.Cursor):
    """A cursor whose queries can be stopped by Ctrl-C."""

    connection: "UsersConnection"
    execute = _interruptible(sqlite3.Cursor.execute)
    executemany = _interruptible(sqlite3.Cursor.executemany)
    executescript = _interruptible(sqlite3.Cursor.executescript)
    fetchone = _interruptible(sqlite3.Cursor.fetchone)
    fetchmany = _interruptible(sqlite3.Cursor.fetchmany)
    fetchall = _interruptible(sqlite3.Cursor.fetchall)
    __next__ = _interruptible(sqlite3.Cursor.__next__)

    def __iter__(self) -> Any:
        """Iterate over the rows without a Python call for each."""
        try:
            yield from map(sqlite3.Cursor.__next__, repeat(self))
        except sqlite3.OperationalError as error:
            failure = self.connection.cause(error)
        else:
            return
        raise failure


class UsersConnection(_Shared):
    """A connection that closes its cursors too, since a half-read one keeps its lock on the file.

    It keeps its database open: `Reader(db).conn` outlives its reader, `Tracker(db).conn` its tracker. A signal handler
    that raises, such as that of Ctrl-C, stops its queries.
    """

    check: Callable[[], None] | None = None
    """Raises if the file is gone. A method of the database, which so lives as long as this is open."""

    is_closed = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._cursors: weakref.WeakSet[sqlite3.Cursor] = weakref.WeakSet()
        self._raised: list[BaseException] = []
        self._watch_for_signals()

    def _watch_for_signals(self) -> None:
        self._raised.clear()
        polls = _poll_signals(self._raised)  # no reference to this connection, which would keep it open
        next(polls)
        self.set_progress_handler(partial(next, polls, 0), _STEPS)

    def cause(self, error: sqlite3.OperationalError) -> BaseException:
        """Return what a signal handler raised to stop a query, or `error` if nothing was raised."""
        if not self._raised or str(error) != "interrupted":
            return error
        raised = self._raised[0]
        self._watch_for_signals()  # a generator that raised has ended
        return raised

    def cursor(self, factory: Callable[..., Any] | None = None) -> Any:
        """Return a cursor that `close()` closes too. Raises `DatabaseRemovedError` if the file is gone."""
        if self.check is not None:
            self.check()
        if self._raised:  # in a cursor of another class, which raised "interrupted"
            self._watch_for_signals()
        cursor = super().cursor(factory or UsersCursor)
        self._cursors.add(cursor)
        return cursor

    def execute(self, *args: Any) -> Any:
        """Execute through a new cursor, as in `sqlite3`."""
        return self.cursor().execute(*args)

    def executemany(self, *args: Any) -> Any:
        """Execute through a new cursor, as in `sqlite3`."""
        return self.cursor().executemany(*args)

    def executescript(self, *args: Any) -> Any:
        """Execute through a new cursor, as in `sqlite3`."""
        return self.cursor().executescript(*args)

    def close(self) -> None:
        """Close the cursors, then the connection. Closing twice does nothing."""
        cursors, self._cursors = self._cursors, weakref.WeakSet()
        for cursor in cursors:
            cursor.close()
        self.check, self.is_closed = None, True  # let go of the database, which holds this
        super().close()

    def __del__(self) -> None:
        """Close: Python 3.13 and later warn of unclosed connections."""
        self.close()
