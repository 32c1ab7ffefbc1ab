"""No fork while MLflow is being told something.

A process that is forked in the middle of a transaction finds the database of MLflow locked, for ever, by a connection that
it has no use for; and the locks of a thread that it does not have. So a fork waits for a moment.
"""

import os
import threading
import weakref
from functools import lru_cache

__all__ = ["Quiet"]

_PATIENCE = 5.0  # seconds that a fork waits at most: a server that is down should not keep a process from anything else


class Quiet:
    """Used as `with quiet: ...` around what no fork should interrupt."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forking = False
        _all().add(self)

    def __enter__(self) -> None:
        """Wait for a fork that goes on."""
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        """Forks may go on."""
        self._lock.release()

    def hush(self) -> None:
        """A fork is about to be."""
        self._forking = self._lock.acquire(timeout=_PATIENCE)

    def go_on(self) -> None:
        """It has been."""
        if self._forking:
            self._forking = False
            self._lock.release()


@lru_cache(maxsize=1)
def _all() -> "weakref.WeakSet[Quiet]":
    """All that there are; the first one asks to be told of forks."""
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
