"""Single flight: of all threads, tasks and processes that want one result, one computes it and the others wait.

Between processes it is a lock on one byte of a file, at a place that the key tells: the system frees it when its
process ends, however that ends, and refuses a wait that closes a circle. Within a process it is a table of keys.

Nobody waits for somebody who waits for them: a function that is computed, and calls (however indirectly) for a result
whose computing waits for its own, computes that result by itself.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import ContextVar, Token
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

from xetrack.plugin import new_lock

if sys.platform != "win32":
    import fcntl

__all__ = ["Claim", "Flights", "flights", "own_flights"]

LOCK_FILE = "xetrack.lock"
_POLL = 0.01  # seconds
_LOOK = 1.0  # seconds, after which to look again: a handler of signals may have missed what changed for who waits below
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)


class Flights:
    """The keys of one cache that this process computes or waits for.

    `path` is the lock file that other processes use too; None for a cache that lives in this process only.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.changed = threading.Condition()
        self.flying: dict[str, Claim] = {}
        self.waiting: set[Claim] = set()
        self.turn = threading.Lock()  # of the one claim that may wait for another process where a circle could close
        self._file = None if path is None else _open(path)

    def claim(self, key: str) -> "Claim":
        """A claim on a key, to be used in a `with` block."""
        return Claim(self, key)

    @property
    def is_current(self) -> bool:
        """Whether the lock file is still that which another process would open."""
        try:
            return self.path is None or self._file is None or os.path.samestat(os.fstat(self._file), self.path.stat())
        except OSError:
            return False

    def lock(self, key: str, *, wait: bool) -> bool:
        """Lock the key's byte against other processes; False if another one has it.

        Raises `OSError` with `EDEADLK` if the wait would never end.
        """
        if self._file is None:
            return True
        how = fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB
        try:
            fcntl.lockf(self._file, how, 1, _place(key))
        except (BlockingIOError, PermissionError):
            return False
        return True

    def unlock(self, key: str) -> None:
        """Free the key's byte."""
        if self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _place(key))

    def would_deadlock(self, claim: "Claim", *, blocks: bool) -> bool:
        """Whether the holder of the claim's key waits, through whomever, for what the claim's own line holds.

        If the wait `blocks` its thread, it holds up all that is computed in that: what a handler of signals came into
        the middle of, other tasks.
        """
        line = set(claim.line())
        if blocks:
            line |= {each for each in tuple(self.flying.values()) if each.thread == claim.thread}
        seen: set[Claim] = set()
        ahead = [self.flying[claim.key]]
        while ahead:
            holder = ahead.pop()
            if holder in line:
                return True
            if holder not in seen:
                seen.add(holder)
                waits = [each.key for each in tuple(self.waiting) if any(above is holder for above in each.line())]
                ahead += [self.flying[key] for key in waits if key in self.flying]
        return False


_current: ContextVar["Claim | None"] = ContextVar("xetrack_cache_claim", default=None)


class Claim:
    """Somebody's wish to compute a key. Inside of the `with` block, after `wait()` or a true `poll()`, it is theirs.

    Or else they must compute it all the same, because waiting for the one who does could never end.
    """

    def __init__(self, flights: Flights, key: str) -> None:
        self.key = key
        self.path = flights.path
        self._flights = flights
        self.above = _current.get()
        self.thread = threading.get_ident()
        self._pid = os.getpid()
        self._ours = self._locked = False
        self._token: Token[Claim | None] | None = None

    def line(self) -> Iterator["Claim"]:
        """This claim, the one that is being computed around it, and so on."""
        claim: Claim | None = self
        while claim is not None:
            yield claim
            claim = claim.above

    def __enter__(self) -> Self:
        """Claim nothing yet."""
        return self

    def wait(self) -> None:
        """Wait until the key is free and take it. Returns at once where waiting could never end."""
        flights = self._flights
        with flights.changed:
            while not self._board(blocks=True):
                flights.changed.wait(_LOOK)
            self._start()
            if not self._ours:
                return
            flights.waiting.add(self)  # for another process, whose wait may lead back here
        try:
            self._lock()
        finally:
            with flights.changed:
                flights.waiting.discard(self)

    def _lock(self) -> None:
        """Wait until no other process has the key.

        The system looks for circles through one wait of each process, and misses those that close through another. So
        who holds nothing, and is in no circle, only asks again and again; and of the others one at a time waits.
        """
        while not self._locked:
            may_wait = self.above is not None and self._flights.turn.acquire(timeout=_POLL)
            try:
                self._locked = self._flights.lock(self.key, wait=may_wait)
            except OSError:  # the circle is real, or the file system knows no locks
                return
            finally:
                if may_wait:
                    self._flights.turn.release()
            if not self._locked and self.above is None:
                time.sleep(_POLL)

    def poll(self) -> bool:
        """Take the key if it is free; whether there is nothing more to wait for."""
        with self._flights.changed:
            if not self._ours and not self._board(blocks=False):
                return False
        if self._ours and not self._locked:
            with suppress(OSError):  # a file system that knows no locks
                self._locked = self._flights.lock(self.key, wait=False)
                if not self._locked:
                    return False
        self._start()
        return True

    def _board(self, *, blocks: bool) -> bool:
        """Whether the wait within this process is over. Called with the table locked."""
        flights = self._flights
        flights.waiting.discard(self)
        if self._is_above():
            return True
        if self.key not in flights.flying:
            flights.flying[self.key] = self
            self._ours = True
            return True
        flights.waiting.add(self)
        if flights.would_deadlock(self, blocks=blocks):
            flights.waiting.discard(self)
            return True
        return False

    def _is_above(self) -> bool:
        """Whether what is being computed around here is this very key, also in the parent of a forked child."""
        return any(each.key == self.key and each.path == self.path for each in self.line() if each is not self)

    def _start(self) -> None:
        if self._token is None:
            self._token = _current.set(self)

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        """Let the next one have the key."""
        if self._token is not None:
            with suppress(ValueError):  # a coroutine that was thrown away is closed in another context
                _current.reset(self._token)
        if self._pid != os.getpid():  # a child that was forked in here: the claim is its parent's
            return
        flights = self._flights
        if self._locked:
            flights.unlock(self.key)
        with flights.changed:
            flights.waiting.discard(self)
            if self._ours and flights.flying.get(self.key) is self:
                del flights.flying[self.key]
            flights.changed.notify_all()


def _open(path: Path) -> int | None:
    """The lock file; on Windows, where single flight is within a process only, none."""
    return None if sys.platform == "win32" else os.open(path, _FLAGS, 0o600)


def _place(key: str) -> int:
    """Where in the file a key's byte is. Two keys of one place only wait for each other in vain."""
    return int(key.rpartition(":")[2][:15] or "0", 16)


@lru_cache(maxsize=1)
def _opened() -> dict[Path, Flights]:
    """The lock files of this process. They stay open: closing one would free every lock that the process has on it."""
    opened: dict[Path, Flights] = {}
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=opened.clear)
    return opened


def own_flights() -> Callable[[], Flights]:
    """Gives the flights of a cache that lives in one process.

    A forked child has its own: what the parent's threads compute, nobody computes there, and waiting would never end.
    """
    flights: dict[int, Flights] = {}
    return lambda: flights.get(os.getpid()) or flights.setdefault(os.getpid(), Flights(None))


_opening = new_lock()


def flights(folder: Path) -> Flights:
    """The flights of the cache in a folder, shared by all of this process that use it."""
    path = folder / LOCK_FILE
    with _opening:
        found = _opened().get(path)
        if found is None or not found.is_current:
            found = _opened()[path] = Flights(path)
        return found
