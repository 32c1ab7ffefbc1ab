"""Locks that a forked child finds free.

A fork copies a lock as it is, but not the thread that holds it: the child would wait for ever.
"""

import os
import threading
import weakref
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

__all__ = ["new_lock"]


def new_lock() -> AbstractContextManager[bool]:
    """A reentrant lock, made anew in each forked child."""
    lock = threading.RLock()
    _locks().add(lock)
    return lock


@lru_cache(maxsize=1)
def _locks() -> "weakref.WeakSet[Any]":
    """Every such lock; the first one asks to be told of forks."""
    locks: weakref.WeakSet[Any] = weakref.WeakSet()

    def free() -> None:
        for lock in locks:
            lock._at_fork_reinit()  # noqa: SLF001 - as logging does

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=free)
    return locks
