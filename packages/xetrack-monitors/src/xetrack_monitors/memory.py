"""The peak of resident memory of a stretch of time, from the mark that the operating system keeps.

Looking now and then misses what lasts shorter than the time between two looks. The system's own high-water mark
misses nothing, but counts from the start of the process. Linux lets a process set its mark back, by writing 5 to
`/proc/self/clear_refs` (see proc(5)); the mark then is exact for each call. It is set back when a measurement
begins, which `getrusage(RUSAGE_SELF).ru_maxrss` of this process shows too. Where that is not permitted, and on other
systems, the mark tells the peak of a call that goes above everything before it, and of other calls only looks do.
"""

import os
import sys
import weakref

from xetrack.plugin import new_lock
from xetrack_monitors.processes import LINUX, resident, this_process

__all__ = ["PEAKS", "Peaks", "Watch", "ended_children_peak", "now_and_most", "reset_high_water"]


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
                self._tell(now_and_most()[1])
            permitted = reset_high_water()
            now, most = now_and_most()
            watch.begin(now, 0 if permitted else most)
            self._watches.add(watch)
        return now

    def end(self, watch: Watch) -> int:
        """Watch no longer; the bytes that this process resides in now. `watch.peak` is the most since `begin()`."""
        with self._lock:
            now, most = now_and_most()
            self._tell(most)
            self._watches.discard(watch)
            watch.peak = max(watch.peak, now)
        return now

    def _tell(self, mark: int) -> None:
        for watch in self._watches:
            watch.see(mark)


PEAKS = Peaks()
"""The ones of this process: it has one mark."""


def reset_high_water() -> bool:
    """Set the mark back to what is resident now; False where the system does not permit that."""
    if not LINUX:
        return False
    try:
        file = os.open("/proc/self/clear_refs", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(file, b"5")
        finally:
            os.close(file)
    except OSError:
        return False
    return True


def now_and_most() -> tuple[int, int]:
    """Bytes that this process resides in now, and the mark: the most since its start, or since it was set back.

    The mark is 0 if the system does not tell.
    """
    if LINUX:
        status = _read("/proc/self/status")
        return _size(status, b"\nVmRSS:") or resident(), _size(status, b"\nVmHWM:")
    if sys.platform == "win32":
        info = this_process().memory_info()
        return int(info.rss), int(info.peak_wset)
    return resident(), _rusage_peak("RUSAGE_SELF")


def _read(path: str) -> bytes:
    # plain system calls: a file object takes three times as long, and this is done around every call
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(file, 16_384)
        finally:
            os.close(file)
    except OSError:
        return b""


def _size(status: bytes, name: bytes) -> int:
    _, found, rest = status.partition(name)
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
