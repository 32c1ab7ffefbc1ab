"""Locks that a forked child finds free.

A fork copies a lock as it is, but not the thread that holds it: the child would wait for ever.
"""

import os
import threading
import weakref
from functools import lru_cache

__all__ = ["new_lock"]


def new_lock() -> threading.RLock:  # type: ignore[valid-type,unused-ignore] # a function until Python 3.13
    """A reentrant lock, made anew in each forked child."""
    lock = threading.RLock()
    _locks().add(lock)
    return lock


@lru_cache(maxsize=1)
def _locks() -> "weakref.WeakSet[threading.RLock]":  # type: ignore[valid-type,unused-ignore]
    """Every such lock; the first one asks to be told of forks."""
    locks: weakref.WeakSet[threading.RLock] = weakref.WeakSet()  # type: ignore[valid-type,unused-ignore]

    def free() -> None:
        for lock in locks:
            lock._at_fork_reinit()  # type: ignore[attr-defined,unused-ignore] # noqa: SLF001 - as logging does

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=free)
    return locks
