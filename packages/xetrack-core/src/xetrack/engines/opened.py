"""The open databases of this process: told of forks, and of those that begin anew at the path of a removed one."""

import os
import threading
import weakref
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xetrack.engines.database import Database

__all__ = ["add", "leave_removed"]

_lock = threading.RLock()
"""Of the set: it cannot be added to while it is gone through. Whoever holds it waits for nothing."""


def add(database: "Database") -> None:
    """Tell `database` of both, as long as anybody holds it."""
    with _lock:
        _databases().add(database)


def leave_removed(path: str) -> None:
    """Have those whose file was removed or replaced give up the log that they left at its path."""
    with _lock:
        opened = list(_databases())
    for database in opened:
        if database.path == path:
            database.leave()


@lru_cache(maxsize=1)
def _databases() -> "weakref.WeakSet[Database]":
    """Every open database of this process; the first one asks to be told of forks."""
    opened: weakref.WeakSet[Database] = weakref.WeakSet()
    held: list[Database] = []

    def before() -> None:
        with _lock:
            held.extend(opened)
        for database in held:
            database.before_fork()

    def in_parent() -> None:
        while held:
            held.pop().after_fork_in_parent()

    def in_child() -> None:
        _lock._at_fork_reinit()  # type: ignore[attr-defined] # noqa: SLF001 - as logging does; another thread may have held it
        while held:
            held.pop().after_fork_in_child()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=before, after_in_parent=in_parent, after_in_child=in_child)
    return opened
