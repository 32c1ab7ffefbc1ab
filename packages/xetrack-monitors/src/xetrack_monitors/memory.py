"""The peak of resident memory of a stretch of time, from the mark that the operating system keeps.

Looking now and then misses what lasts shorter than the time between two looks. The system's own high-water mark
misses nothing, but counts from the start of the process. Linux lets a process set its mark back, by writing 5 to
`/proc/self/clear_refs` (see proc(5)); the mark then is exact for each call. It is set back when a measurement
begins, which `getrusage(RUSAGE_SELF).ru_maxrss` of this process shows too. Where that is not permitted, and on other
systems, the mark tells the peak of a call that goes above everything before it, and of other calls only looks do.
"""

import sys
import weakref
from functools import lru_cache

from xetrack.locks import new_lock
from xetrack_monitors.processes import LINUX, resident, this_process

__all__ = ["Peaks", "Watch", "ended_children_peak", "high_water", "peaks", "reset_high_water"]


class Watch:
    """A stretch of time whose peak is asked for: in bytes, the highest seen yet."""

    def __init__(self) -> None:
        self.peak = 0
        self._floor = 0

    def begin(self, now: int, floor: int) -> None:
        """Begin at `now` bytes; marks up to `floor` are older than that."""
        self.peak, self._floor = now, floor

    def see(self, mark: int) -> None:
        """The high-water mark is at `mark`."""
        if mark > self._floor:
            self.peak = max(self.peak, mark)


class Peaks:
    """All stretches under way. They overlap, and there is one mark: before it is set back, it is told to each."""

    def __init__(self) -> None:
        self._lock = new_lock()
        self._watches: weakref.WeakSet[Watch] = weakref.WeakSet()

    def begin(self, watch: Watch) -> int:
        """Begin to watch; the bytes that this process resides in now."""
        with self._lock:
            if self._watches:
                self._tell()
            floor = 0 if reset_high_water() else high_water()
            now = resident()
            watch.begin(now, floor)
            self._watches.add(watch)
        return now

    def end(self, watch: Watch) -> int:
        """Watch no longer; the highest mark of this process since `begin()`, in bytes."""
        with self._lock:
            self._tell()
            self._watches.discard(watch)
        return watch.peak

    def _tell(self) -> None:
        mark = high_water()
        for watch in self._watches:
            watch.see(mark)


@lru_cache(maxsize=1)
def peaks() -> Peaks:
    """The ones of this process."""
    return Peaks()


def reset_high_water() -> bool:
    """Set the mark back to what is resident now; False where the system does not permit that."""
    if not LINUX:
        return False
    try:
        with open("/proc/self/clear_refs", "wb", buffering=0) as file:  # noqa: PTH123 - a third of Path's time
            file.write(b"5")
    except OSError:
        return False
    return True


def high_water() -> int:
    """The most bytes that this process resided in, since its start or since the mark was set back; 0 if unknown."""
    if LINUX:
        return _linux_high_water()
    if sys.platform == "win32":
        return int(this_process().memory_info().peak_wset)
    return _rusage_peak("RUSAGE_SELF")


def _linux_high_water() -> int:
    try:
        with open("/proc/self/status", "rb", buffering=0) as file:  # noqa: PTH123 - as above
            _, found, rest = file.read(16_384).partition(b"\nVmHWM:")
    except OSError:
        return 0
    return int(rest.split(None, 1)[0]) * 1024 if found else 0  # it says "kB" and means KiB


def ended_children_peak() -> int:
    """The most bytes that any one child resided in that has ended, since the start of this process; 0 if unknown."""
    return _rusage_peak("RUSAGE_CHILDREN")


def _rusage_peak(who: str) -> int:
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(getattr(resource, who)).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # bytes there, KiB elsewhere: getrusage(2)
