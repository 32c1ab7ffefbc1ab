"""Close at exit what nobody has closed."""

import atexit
import warnings
import weakref
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from xetrack._util.forksafe import new_lock
from xetrack.errors import DatabaseRemovedError, XetrackWarning, outer_level

__all__ = ["close_at_exit", "close_forgotten"]


class _Closeable(Protocol):
    def close(self) -> None: ...


def close_forgotten(close: Callable[[], None]) -> None:
    """Close what nobody closed. That its file is gone by now is worth a warning: many a script removes its own."""
    try:
        close()
    except DatabaseRemovedError as error:
        warnings.warn(str(error), XetrackWarning, stacklevel=outer_level())


class _OpenUntilExit:
    """What is to be closed at the end of the process. Threads may add to it, also daemons then."""

    def __init__(self) -> None:
        self._lock = new_lock()
        self._alive: weakref.WeakSet[_Closeable] = weakref.WeakSet()
        atexit.register(self._close_all)

    def add(self, closeable: _Closeable) -> None:
        with self._lock:
            self._alive.add(closeable)

    def _close_all(self) -> None:
        import traceback

        with self._lock:
            found = list(self._alive)
        for each in found:
            try:
                close_forgotten(each.close)
            except Exception:
                traceback.print_exc()


_open_until_exit = lru_cache(maxsize=1)(_OpenUntilExit)


def close_at_exit(closeable: _Closeable) -> None:
    """Have it closed at the end of the process, if it is still there."""
    _open_until_exit().add(closeable)
