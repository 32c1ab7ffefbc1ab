"""What threads share when the process forks: locks that the child finds free, and things that hold still meanwhile.

A fork copies a lock as it is, but not the thread that holds it: the child would wait for ever.
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
    """A reentrant lock, made anew in each forked child."""
    lock = threading.RLock()
    renew_in_children(lock)
    return lock


def renew_in_children(lock: Any) -> None:
    """Call `lock._at_fork_reinit()` in each forked child, as long as it lives."""
    _locks().add(lock)


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


class _Holdable(Protocol):
    def before_fork(self) -> None: ...

    def after_fork_in_parent(self) -> None: ...

    def after_fork_in_child(self) -> None: ...


T = TypeVar("T", bound=_Holdable)


class HeldAtFork(Generic[T]):
    """Things that are told of forks as long as they live. Other threads may add some at any time.

    No lock of ours is held while they are told: one may have to wait for a thread that is about to add another.
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
        """Tell `each` of forks from now on."""
        with self._lock:
            self._alive.add(each)

    def _before(self) -> None:
        while fresh := [each for each in self.alive() if each not in self._held]:
            for each in fresh:
                each.before_fork()
                self._held.append(each)

    def alive(self) -> list[T]:
        """Those that somebody still holds."""
        with self._lock:
            return list(self._alive)

    def _after(self, tell: Callable[[T], None]) -> None:
        while self._held:
            tell(self._held.pop())
