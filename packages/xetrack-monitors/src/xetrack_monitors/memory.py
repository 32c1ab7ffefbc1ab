"""Peak resident memory of a call, from the operating system's high-water mark.

Sampling misses whatever lasts less than an interval. The high-water mark misses nothing, but counts from the start of
the process. Linux lets a process reset its mark, by writing 5 to `/proc/self/clear_refs` (see proc(5)): we do so when a
measurement begins, which makes the mark exact for each call. `getrusage(RUSAGE_SELF).ru_maxrss` shows the reset, too.
Where a reset is not permitted, the mark gives the peak of a call that exceeds everything before it; for other calls,
only samples do.
"""

import os
import sys
import weakref

from xetrack.plugin import new_lock
from xetrack_monitors.processes import LINUX, resident, this_process

__all__ = ["PEAKS", "Peaks", "Watch", "ended_children_peak", "now_and_most", "reset_high_water"]


class Watch:
    """One measurement: `peak` is the most bytes seen since it began."""

    def __init__(self) -> None:
        self.peak = 0
        self._floor = 0

    def begin(self, now: int, floor: int) -> None:
        """Begin at `now` bytes; ignore marks up to `floor`, which are from before."""
        self.peak, self._floor = now, floor

    def see(self, mark: int) -> None:
        """Take a reading of the high-water mark."""
        if mark > self._floor:
            self.peak = max(self.peak, mark)


class Peaks:
    """All measurements in progress. They share one mark, so before each reset they all take a reading of it."""

    def __init__(self) -> None:
        self._lock = new_lock()
        self._watches: weakref.WeakSet[Watch] = weakref.WeakSet()

    def begin(self, watch: Watch) -> int:
        """Begin a measurement, and return the resident bytes now."""
        with self._lock:
            if self._watches:
                self._tell(now_and_most()[1])
            permitted = reset_high_water()
            now, most = now_and_most()
            watch.begin(now, 0 if permitted else most)
            self._watches.add(watch)
        return now

    def end(self, watch: Watch) -> int:
        """End a measurement, and return the resident bytes now. `watch.peak` is the most since `begin()`."""
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
"""One per process, as is the mark."""


def reset_high_water() -> bool:
    """Reset the mark to what is resident now. Return False where the system does not permit it."""
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
    """Return the resident bytes of this process now, and the mark: the most since it was reset, or since the start.

    The mark is 0 if it is unavailable.
    """
    if LINUX:
        status = _read("/proc/self/status")
        return _size(status, b"\nVmRSS:") or resident(), _size(status, b"\nVmHWM:")
    if sys.platform == "win32":
        info = this_process().memory_info()
        return int(info.rss), int(info.peak_wset)
    return resident(), _rusage_peak("RUSAGE_SELF")


def _read(path: str) -> bytes:
    # Plain system calls: a file object takes three times as long, and this runs around every call.
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
    # The file says "kB" and means KiB.
    return int(rest.split(None, 1)[0]) * 1024 if found else 0


def ended_children_peak() -> int:
    """Return the highest peak of any child that has ended, in bytes, since this process started; 0 if unknown."""
    return _rusage_peak("RUSAGE_CHILDREN")


def _rusage_peak(who: str) -> int:
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(getattr(resource, who)).ru_maxrss
    # Bytes on macOS, KiB elsewhere: getrusage(2).
    return peak if sys.platform == "darwin" else peak * 1024
