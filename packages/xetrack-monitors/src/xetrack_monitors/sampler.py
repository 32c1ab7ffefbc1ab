"""The one thread of this package: it looks, now and then, as long as anybody measures."""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic, thread_time
from weakref import WeakKeyDictionary

__all__ = ["Sampler", "Series"]

MOST_SHARE = 0.005
"""The most of the time that looking may take: where a look is slow, looks are fewer."""

LINGER = 1.0
"""Seconds that the thread may sleep on when nobody measures: the next call finds it there, which saves 0.1 ms."""


class Series:
    """What was seen during one call: of each key the mean and the peak."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, float, float]] = {}

    def add(self, sample: Mapping[str, float]) -> None:
        """Take what one look saw."""
        for key, value in sample.items():
            count, total, peak = self._seen.get(key, (0, 0.0, value))
            self._seen[key] = (count + 1, total + value, max(peak, value))

    def clear(self) -> None:
        """Forget everything."""
        self._seen.clear()

    def mean(self, key: str) -> float | None:
        """The mean of the looks; None if none saw that key."""
        count, total, _ = self._seen.get(key, (0, 0.0, 0.0))
        return total / count if count else None

    def peak(self, key: str) -> float | None:
        """The highest value seen; None if no look saw that key."""
        return self._seen[key][2] if key in self._seen else None


class Sampler:
    """Calls `look` in a thread of its own and adds what it saw to the series of every call in flight.

    The thread starts with the first call, serves all of them at the shortest of their intervals, and ends when it
    wakes and nobody measures, a second after the last call at most. It is a daemon: it keeps no interpreter alive.
    """

    def __init__(self, look: Callable[[], Mapping[str, float]]) -> None:
        self._look = look
        self.forget()

    def forget(self) -> None:
        """Begin anew, without a thread. For a forked child: thread and calls are its parent's."""
        self._condition = threading.Condition()
        # weak: a call that was interrupted before it began is never stopped
        self._intervals: WeakKeyDictionary[Series, float] = WeakKeyDictionary()
        self._thread: threading.Thread | None = None
        self._due = self._not_before = 0.0

    @property
    def thread(self) -> threading.Thread | None:
        """The thread, while there is one."""
        return self._thread

    def join(self, series: Series, interval: float) -> None:
        """Have samples added to `series` every `interval` seconds from now on."""
        with self._condition:
            due = max(monotonic() + interval, self._not_before)
            if self._thread is None:
                self._due = due
                self._start()
            elif due < self._due:
                self._due = due
                self._condition.notify()
            self._intervals[series] = interval

    def leave(self, series: Series) -> None:
        """Add no more to `series`."""
        with self._condition:
            self._intervals.pop(series, None)
            now = monotonic()
            if not self._intervals and self._due > now + LINGER:
                self._due = now
                self._condition.notify()

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="xetrack-monitors", daemon=True)
        thread.start()
        self._thread = thread

    def _run(self) -> None:
        while self._wait():
            began = thread_time()  # waiting for others takes nothing from them
            sample: Mapping[str, float] = {}
            with suppress(Exception):  # whatever is wrong, the look at the end of the call meets it too, and tells
                sample = self._look()
            self._share(sample, thread_time() - began)

    def _wait(self) -> bool:
        """Sleep until a look is due; False if nobody measures, and then this thread is no longer the one."""
        with self._condition:
            while (ahead := self._due - monotonic()) > 0:
                self._condition.wait(ahead)
            if not self._intervals:
                self._thread = None
            return self._thread is not None

    def _share(self, sample: Mapping[str, float], took: float) -> None:
        with self._condition:
            for series in self._intervals:
                series.add(sample)
            now = monotonic()
            self._not_before = now + took / MOST_SHARE
            self._due = max(now + min(self._intervals.values()), self._not_before) if self._intervals else now
