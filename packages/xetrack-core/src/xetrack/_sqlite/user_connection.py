"""The connection on which users run their own SQL."""

import sqlite3
import sys
import weakref
from collections.abc import Callable, Iterator
from functools import partial, wraps
from itertools import repeat
from typing import Any

__all__ = ["MemoryConnection", "UsersConnection", "UsersCursor"]

_STEPS = 100_000
"""Instructions of SQLite's between two looks for signals: a few milliseconds, so that the looks cost nothing."""


def _look(raised: list[BaseException]) -> Iterator[int]:
    """Give Python the chance to handle signals, each time that SQLite asks whether to go on.

    `sqlite3` discards what a callback raises, and Python handles signals when a function is entered, outside of any
    `try` in it. A generator is resumed inside its `try`, so here what a handler of signals raises can be kept.
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
    """The one connection to a database in memory, which users have too: it may outlive the database object."""

    def __del__(self) -> None:
        """Close: Python 3.13 and later warn of connections that are only let go of."""
        self.close()


def _interruptible(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of a cursor that raises what a handler of signals raised, in place of "interrupted"."""

    @wraps(method)
    def call(self: "UsersCursor", *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except sqlite3.OperationalError as error:
            failure = self.connection.cause(error)
        raise failure

    return call


class UsersCursor(sqlite3.Cursor):
    """A cursor whose queries Ctrl-C stops."""

    connection: "UsersConnection"
    execute = _interruptible(sqlite3.Cursor.execute)
    executemany = _interruptible(sqlite3.Cursor.executemany)
    executescript = _interruptible(sqlite3.Cursor.executescript)
    fetchone = _interruptible(sqlite3.Cursor.fetchone)
    fetchmany = _interruptible(sqlite3.Cursor.fetchmany)
    fetchall = _interruptible(sqlite3.Cursor.fetchall)
    __next__ = _interruptible(sqlite3.Cursor.__next__)

    def __iter__(self) -> Any:
        """Iterate over the rows, without a call of a Python function for each."""
        try:
            yield from map(sqlite3.Cursor.__next__, repeat(self))
        except sqlite3.OperationalError as error:
            failure = self.connection.cause(error)
        else:
            return
        raise failure


class UsersConnection(_Shared):
    """A connection that closes its cursors with itself: one that is half read would keep its lock on the file.

    It keeps its database from being closed: `Reader(db).conn` outlives its reader, `Tracker(db).conn` its tracker.
    A handler of signals that raises, as that of Ctrl-C does, stops its queries.
    """

    check: Callable[[], None] | None = None
    """Raises if the file is gone. A method of the database, which so lives as long as this is open."""

    is_closed = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._cursors: weakref.WeakSet[sqlite3.Cursor] = weakref.WeakSet()
        self._raised: list[BaseException] = []
        self._look_for_signals()

    def _look_for_signals(self) -> None:
        self._raised.clear()
        looks = _look(self._raised)  # knows nothing of this connection, which is closed once nobody holds it
        next(looks)
        self.set_progress_handler(partial(next, looks, 0), _STEPS)

    def cause(self, error: sqlite3.OperationalError) -> BaseException:
        """What a handler of signals raised if that stopped a query with `error`, otherwise `error`."""
        if not self._raised or str(error) != "interrupted":
            return error
        raised = self._raised[0]
        self._look_for_signals()  # a generator that raised is at its end
        return raised

    def cursor(self, factory: Callable[..., Any] | None = None) -> Any:
        """A cursor, remembered. Raises `DatabaseRemovedError` if the file is gone."""
        if self.check is not None:
            self.check()
        if self._raised:  # in a cursor of another class, which says "interrupted"
            self._look_for_signals()
        cursor = super().cursor(factory or UsersCursor)
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
        self.check, self.is_closed = None, True  # let go of the database, which holds this
        super().close()

    def __del__(self) -> None:
        """Close: as above."""
        self.close()
