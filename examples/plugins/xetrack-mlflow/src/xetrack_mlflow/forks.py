"""Delay forks while a request to MLflow is in progress.

A child that is forked in the middle of a transaction inherits a connection that locks MLflow's database forever, and
locks of a thread that it does not have.
"""

import os
import threading
import weakref
from functools import lru_cache

__all__ = ["Quiet"]

_PATIENCE = 5.0  # seconds that a fork waits at most: an unreachable server must not block the process


class Quiet:
    """Use it as `with quiet:` around code that no fork may interrupt."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forking = False
        _all().add(self)

    def __enter__(self) -> None:
        """Wait for a fork in progress."""
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        """Allow forks."""
        self._lock.release()

    def hush(self) -> None:
        """Called before a fork."""
        self._forking = self._lock.acquire(timeout=_PATIENCE)

    def go_on(self) -> None:
        """Called after a fork, in the parent."""
        if self._forking:
            self._forking = False
            self._lock.release()


@lru_cache(maxsize=1)
def _all() -> "weakref.WeakSet[Quiet]":
    """Return all instances. The first call registers for forks."""
    quiets: weakref.WeakSet[Quiet] = weakref.WeakSet()

    def hush() -> None:
        for each in list(quiets):
            each.hush()

    def go_on() -> None:
        for each in list(quiets):
            each.go_on()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=hush, after_in_parent=go_on)
    return quiets
