"""Locks and resources that survive a fork.

A forked child inherits a lock as it is, but not the thread that holds it: without care it would wait forever.
"""

import os
import threading
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, Generic, Protocol, TypeVar

__all__ = ["HeldAtFork", "new_lock", "renew_in_children"]


def new_lock() -> AbstractContextManager[bool]:
    """Return a re-entrant lock that is released in every forked child."""
    lock = threading.RLock()
    renew_in_children(lock)
    return lock


def renew_in_children(lock: Any) -> None:
    """Release a lock in every forked child, for as long as the lock exists."""
    _locks().add(lock)


@lru_cache(maxsize=1)
def _locks() -> "weakref.WeakSet[Any]":
    """Return all such locks. The first call registers with `os`."""
    locks: weakref.WeakSet[Any] = weakref.WeakSet()

    def free() -> None:
        for lock in locks:
            lock._at_fork_reinit()  # noqa: SLF001 - logging frees its locks like this, too

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=free)
    return locks


class _Holdable(Protocol):
    def before_fork(self) -> None: ...

    def after_fork_in_parent(self) -> None: ...

    def after_fork_in_child(self) -> None: ...


T = TypeVar("T", bound=_Holdable)


class HeldAtFork(Generic[T]):
    """A set of weakly referenced resources that hold still while the process forks.

    Each has the methods `before_fork`, `after_fork_in_parent` and `after_fork_in_child`. Threads may add resources at
    any time. No lock is held while the methods run: one may wait for a thread that is about to add a resource.
    """

    def __init__(self) -> None:
        self._lock = new_lock()
        self._alive: weakref.WeakSet[T] = weakref.WeakSet()
        self._held: list[T] = []
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._before,
                after_in_parent=lambda: self._after(lambda each: each.after_fork_in_parent()),
                after_in_child=lambda: self._after(lambda each: each.after_fork_in_child()),
            )

    def add(self, each: T) -> None:
        """Add a resource."""
        with self._lock:
            self._alive.add(each)

    def _before(self) -> None:
        while fresh := [each for each in self.alive() if each not in self._held]:
            for each in fresh:
                each.before_fork()
                self._held.append(each)

    def alive(self) -> list[T]:
        """Return the resources that still exist."""
        with self._lock:
            return list(self._alive)

    def _after(self, tell: Callable[[T], None]) -> None:
        while self._held:
            tell(self._held.pop())
