"""The sampling thread, shared by all calls in flight."""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic, thread_time
from weakref import WeakKeyDictionary

__all__ = ["Sampler", "Series"]

MOST_SHARE = 0.005
"""Upper bound on the share of time spent sampling: slow samples are taken less often."""


class Series:
    """The samples of one call: the mean and the peak of each key."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, float, float]] = {}

    def add(self, sample: Mapping[str, float]) -> None:
        """Add a sample."""
        for key, value in sample.items():
            count, total, peak = self._seen.get(key, (0, 0.0, value))
            self._seen[key] = (count + 1, total + value, max(peak, value))

    def clear(self) -> None:
        """Drop all samples."""
        self._seen.clear()

    def mean(self, key: str) -> float | None:
        """Return the mean of a key; None if no sample has it."""
        count, total, _ = self._seen.get(key, (0, 0.0, 0.0))
        return total / count if count else None

    def peak(self, key: str) -> float | None:
        """Return the highest value of a key; None if no sample has it."""
        return self._seen[key][2] if key in self._seen else None


class Sampler:
    """Calls `look` in a thread of its own, and adds each sample to the series of every call in flight.

    The thread starts with the first call and serves all calls at the shortest of their intervals. It ends at its next
    wake-up without calls; until then, the next call finds it running, which saves 0.1 ms. It is a daemon, so it does
    not keep the interpreter alive.
    """

    def __init__(self, look: Callable[[], Mapping[str, float]]) -> None:
        self._look = look
        self.forget()

    def forget(self) -> None:
        """Start over without a thread: in a forked child, thread and calls belong to the parent."""
        self._condition = threading.Condition()
        # Weak, because a call that is interrupted while it starts is never stopped.
        self._intervals: WeakKeyDictionary[Series, float] = WeakKeyDictionary()
        self._thread: threading.Thread | None = None
        self._due = self._not_before = 0.0

    @property
    def thread(self) -> threading.Thread | None:
        """The thread; None while there is none."""
        return self._thread

    def join(self, series: Series, interval: float) -> None:
        """Add samples to `series` from now on, at least every `interval` seconds."""
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
        """Add no more samples to `series`."""
        with self._condition:
            self._intervals.pop(series, None)

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="xetrack-monitors", daemon=True)
        thread.start()
        self._thread = thread

    def _run(self) -> None:
        while self._wait():
            # Processor time of this thread: waiting costs the program nothing.
            began = thread_time()
            sample: Mapping[str, float] = {}
            # The same fault raises again at the end of the call, in the caller's thread.
            with suppress(Exception):
                sample = self._look()
            self._share(sample, thread_time() - began)

    def _wait(self) -> bool:
        """Sleep until a sample is due. Return False, and give up the thread, if there is no call in flight."""
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
