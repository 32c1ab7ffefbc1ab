"""Single flight: of all threads, tasks and processes that want one result, one computes it and the others wait.

Within a process this is a table of keys. Between processes it is a lock on one byte of a file, at an offset derived
from the key, which the system releases when the process ends, however it ends.

Nested claims never wait, so there are no deadlocks: code that is computing a cached result, and calls for another one
that is being computed elsewhere, computes that one too.
"""

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar, Token
from pathlib import Path
from types import TracebackType
from typing import Self

from xetrack.plugin import new_lock

if sys.platform != "win32":
    import fcntl

__all__ = ["Claim", "Flights", "flights", "own_flights"]

LOCK_FILE = "xetrack.lock"
_POLL = 0.01  # seconds
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)

_within_claim: ContextVar[bool] = ContextVar("xetrack_cache_within_claim", default=False)
_computing: set["Claim"] = set()
"""Claims of this process that are being computed, whatever their cache."""


class Flights:
    """The keys of one cache that this process computes.

    Args:
        path: the lock file shared with other processes; None for a cache that lives in this process only.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.changed = threading.Condition()
        self.flying: dict[str, Claim] = {}
        self._file = None if path is None else _open(path)

    def claim(self, key: str) -> "Claim":
        """Return a claim on a key, to be used in a `with` block."""
        return Claim(self, key)

    @property
    def is_current(self) -> bool:
        """Whether the lock file is still the one that another process would open."""
        try:
            return self.path is None or self._file is None or os.path.samestat(os.fstat(self._file), self.path.stat())
        except OSError:
            return False

    def lock(self, key: str) -> bool:
        """Lock the key's byte, unless another process holds it. Return whether this process may compute the key."""
        if self._file is None:
            return True
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _offset(key))
        except (BlockingIOError, PermissionError):
            return False
        except OSError:  # this file system has no locks: computing twice is better than not at all
            return True
        return True

    def unlock(self, key: str) -> None:
        """Release the key's byte."""
        if self._file is not None:
            with suppress(OSError):
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _offset(key))


class Claim:
    """A claim to compute a missing result. In its `with` block, call `wait()`, or `poll()` until it returns True.

    After that the result is this claim's to compute. A nested claim, which is made while its thread or task computes
    another result, gets there at once, even if another caller is computing the same result.
    """

    def __init__(self, flights: Flights, key: str) -> None:
        self.key = key
        self._flights = flights
        self._nested = _within_claim.get()  # also where a signal handler interrupts a claim, and in a forked child
        self.thread = threading.get_ident()
        self._pid = os.getpid()
        self._locked = False
        self._token: Token[bool] | None = None

    def __enter__(self) -> Self:
        """Mark claims that are made from here on as nested."""
        self._token = _within_claim.set(True)
        return self

    def wait(self) -> None:
        """Block until the result is this claim's to compute.

        Blocking a thread also suspends what its other tasks compute, so they make this claim a nested one.
        """
        self._nested = self._nested or any(each.thread == self.thread for each in tuple(_computing))
        while not self.poll():
            with self._flights.changed:
                if self.key in self._flights.flying:
                    self._flights.changed.wait(_POLL)

    def poll(self) -> bool:
        """Take the key if it is free. Return whether the result is this claim's to compute."""
        flights = self._flights
        with flights.changed:
            first = flights.flying.setdefault(self.key, self) is self
            if first and not self._locked:
                self._locked = flights.lock(self.key)
        if self._locked or self._nested:
            _computing.add(self)
            return True
        return False

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        """Release the key."""
        if self._token is not None:
            with suppress(ValueError):  # a coroutine that was thrown away is closed in another context
                _within_claim.reset(self._token)
        _computing.discard(self)
        if self._pid != os.getpid():  # a child that was forked in the block: the claim is its parent's
            return
        flights = self._flights
        with flights.changed:
            if self._locked:
                flights.unlock(self.key)
            if flights.flying.get(self.key) is self:
                del flights.flying[self.key]
                flights.changed.notify_all()


def _open(path: Path) -> int | None:
    """Open the lock file; on Windows, where single flight works within a process only, there is none."""
    return None if sys.platform == "win32" else os.open(path, _FLAGS, 0o600)


def _offset(key: str) -> int:
    """Return the offset of a key's byte. Two keys with the same offset only wait for each other in vain."""
    return int(key.rpartition(":")[2][:15] or "0", 16)


def own_flights() -> Callable[[], Flights]:
    """Return a function that gives the flights of a cache that lives in one process.

    A forked child gets its own: what the parent's threads compute never finishes there.
    """
    flights: dict[int, Flights] = {}
    return lambda: flights.get(os.getpid()) or flights.setdefault(os.getpid(), Flights(None))


_opening = new_lock()
_opened: dict[Path, Flights] = {}
"""The lock files of this process. They stay open: closing one would release every lock that the process has on it."""


def flights(folder: Path) -> Flights:
    """Return the flights of the cache in a folder, shared by everything in this process that uses it."""
    path = folder / LOCK_FILE
    with _opening:
        found = _opened.get(path)
        if found is None or not found.is_current:
            found = _opened[path] = Flights(path)
        return found


def _after_fork() -> None:
    """Forget what the threads of the parent compute: they do not exist in the child."""
    _opened.clear()
    _computing.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
