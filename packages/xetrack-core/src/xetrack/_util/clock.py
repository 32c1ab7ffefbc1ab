"""A clock whose local times are unique."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from xetrack._util.offsets import Offsets

__all__ = ["MICROSECOND", "Clock"]


MICROSECOND = timedelta(microseconds=1)

_SECOND = timedelta(seconds=1)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - subtracted from local times


class Clock:
    """Returns local times as `YYYY-MM-DD HH:MM:SS.ffffff`, unique as long as the system clock goes forward.

    If the system clock stands still, the time moves on by a microsecond. If it is set back, the time is set back, too:
    rows are ordered by insertion, and the engine keeps the times within a run unique.

    Args:
        now: returns nanoseconds since 1970, as `time.time_ns` does.

    Attributes:
        offset: local time minus UTC at the last time that was given, in seconds.
        since: the second from which on the offset was that, as text.
    """

    def __init__(self, now: Callable[[], int] = time.time_ns) -> None:
        self._now = now
        # In microseconds.
        self._read = self._given = 0
        # The last second and its text: the calendar is asked once per second.
        self._second: tuple[int | None, str] = (None, "")
        self.offset: int | None = None
        self.since = ""

    def stamp(self) -> str:
        """Return the current time."""
        now = self._now() // 1000
        self._given = now if now > self._given or now < self._read else self._given + 1
        self._read = now
        second, rest = divmod(self._given, 1_000_000)
        known, text = self._second
        return f"{text if second == known else self._text_of(second)}.{rest:06d}"

    def stamps(self, count: int) -> list[str]:
        """Return `count` times from now on, a microsecond apart."""
        if count < 1:
            return []
        first = self.stamp()
        start = self._given
        self._given += count - 1
        others = (divmod(each, 1_000_000) for each in range(start + 1, start + count))
        return [first, *(f"{self._text_of(second)}.{rest:06d}" for second, rest in others)]

    def offsets(self, known: Offsets, rows: Sequence[Mapping[str, object]]) -> Offsets:
        """Return the offsets of a run, and the present one if it is new: since the first of `rows` that has it."""
        if self.offset is None or (known and known[-1][1] == self.offset):
            return known
        times = [str(row["timestamp"]) for row in rows]
        first = next((time for time in times if time.startswith(self.since)), times[0])
        return (*known, (first, self.offset))

    def _text_of(self, second: int) -> str:
        known, text = self._second
        if second != known:
            local = datetime.fromtimestamp(second)  # noqa: DTZ006 - rows have local times
            text = local.isoformat(" ")
            self._second = second, text
            # Of the very text that rows get, whatever the system's zone is by now.
            offset = (local - _EPOCH) // _SECOND - second
            if offset != self.offset:
                self.offset, self.since = offset, text
        return text
