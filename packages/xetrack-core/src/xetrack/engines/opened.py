"""The open databases of this process: told of forks, and of those that begin anew at the path of a removed one."""

import os
import weakref
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import TYPE_CHECKING

from xetrack.locks import new_lock

if TYPE_CHECKING:
    from xetrack.engines.database import Database

__all__ = ["add", "leave_removed"]


def add(database: "Database") -> None:
    """Tell `database` of both, as long as anybody holds it."""
    with _lock():
        _databases().add(database)


def leave_removed(path: str) -> None:
    """Have those whose file was removed or replaced give up the log that they left at its path."""
    with _lock():
        opened = list(_databases())
    for database in opened:
        if database.path == path:
            database.leave()


@lru_cache(maxsize=1)
def _lock() -> AbstractContextManager[bool]:
    """For the set of databases: it cannot be added to while it is gone through."""
    return new_lock()


@lru_cache(maxsize=1)
def _databases() -> "weakref.WeakSet[Database]":
    """Every open database of this process; the first one asks to be told of forks."""
    opened: weakref.WeakSet[Database] = weakref.WeakSet()
    held: list[Database] = []

    def before() -> None:
        held.extend(opened)
        for database in held:
            database.before_fork()

    def in_parent() -> None:
        while held:
            held.pop().after_fork_in_parent()

    def in_child() -> None:
        while held:
            held.pop().after_fork_in_child()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=before, after_in_parent=in_parent, after_in_child=in_child)
    return opened
