"""What identifies a run and the machine it ran on: track ids, the clock, the process."""

import os
import platform
import random
import time
from collections.abc import Callable
from copy import copy, deepcopy
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from xetrack.protocols import Run

__all__ = ["Clock", "is_alive", "new_run", "new_track_id", "this_host"]

MICROSECOND = timedelta(microseconds=1)


class Clock:
    """Gives local times as `YYYY-MM-DD HH:MM:SS.ffffff`, no two the same as long as the clock goes forward.

    A clock that stands still is helped on by microseconds. A clock that is set back is told as it is: order is the
    order of insertion, and the engine sees to it that no two rows of a run share a time. `now` gives nanoseconds since
    1970, as `time.time_ns` does.
    """

    def __init__(self, now: Callable[[], int] = time.time_ns) -> None:
        self._now = now
        self._read = self._given = 0  # microseconds
        self._spelt: tuple[int | None, str] = (None, "")  # a second, and how it is spelt

    def stamp(self) -> str:
        """The time now."""
        now = self._now() // 1000
        self._given = now if now > self._given or now < self._read else self._given + 1
        self._read = now
        return self._spell(self._given)

    def stamps(self, count: int) -> list[str]:
        """`count` times, a microsecond apart, from now on."""
        if count < 1:
            return []
        first = self.stamp()
        start = self._given
        self._given += count - 1
        return [first, *map(self._spell, range(start + 1, start + count))]

    def _spell(self, microseconds: int) -> str:
        second, rest = divmod(microseconds, 1_000_000)
        known, spelt = self._spelt
        if second != known:  # the calendar is asked once a second
            spelt = datetime.fromtimestamp(second).isoformat(" ")  # noqa: DTZ006 - local times, as documented
            self._spelt = second, spelt
        return f"{spelt}.{rest:06d}"


_OTHER_WORDS = {"COOLNAME_DATA_DIR", "COOLNAME_DATA_MODULE"}
"""Variables that give the generator of coolname other words, of which 2 may make no name."""


@lru_cache(maxsize=1)
def _generator() -> Callable[[], str]:
    state = random.getstate()
    names = _names()
    random.setstate(state)  # coolname tries every generator out, with numbers of the user's
    # the operating system's randomness: users seed `random`, and two seeded runs must not share a name
    names.random = random.SystemRandom()
    return lambda: str(names.generate_slug(2))


def _names() -> Any:
    """A generator of our own: a copy of the one that coolname has, for making another takes 30 ms."""
    import coolname

    if _OTHER_WORDS & os.environ.keys():
        from coolname.data import config

        return coolname.RandomGenerator(deepcopy(config))  # type: ignore[arg-type] # its own config
    return copy(coolname.generate_slug.__self__)  # type: ignore[attr-defined] # a method of it


def new_track_id() -> str:
    """A new name for a run, such as `fierce-pudu-1649`."""
    return f"{_generator()()}-{random.SystemRandom().randrange(10_000):04d}"


def new_run(track_id: str, table: str) -> Run:
    """The record of a run of this process."""
    return Run(track_id, table, host=this_host(), pid=os.getpid(), python=platform.python_version())


def this_host() -> str:
    """The name of this machine."""
    return platform.node()


def is_alive(pid: int) -> bool:
    """Whether a process of this host with this id exists."""
    if _is_zombie(pid):
        return False
    if os.name == "nt":
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x1000, 0, pid)  # type: ignore[attr-defined,unused-ignore]
        return bool(handle and ctypes.windll.kernel32.CloseHandle(handle))  # type: ignore[attr-defined,unused-ignore]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_zombie(pid: int) -> bool:
    """Whether the process has ended and only waits for its parent to ask how; Linux tells."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[:1] == ["Z"]
