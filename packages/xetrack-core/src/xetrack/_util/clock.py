"""A clock whose local times are unique."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

__all__ = ["MICROSECOND", "Clock"]


MICROSECOND = timedelta(microseconds=1)


class Clock:
    """Returns local times as `YYYY-MM-DD HH:MM:SS.ffffff`, unique as long as the system clock goes forward.

    If the system clock stands still, the time moves on by a microsecond. If it is set back, the time is set back, too:
    rows are ordered by insertion, and the engine keeps the times within a run unique.

    Args:
        now: returns nanoseconds since 1970, as `time.time_ns` does.
    """

    def __init__(self, now: Callable[[], int] = time.time_ns) -> None:
        self._now = now
        # In microseconds.
        self._read = self._given = 0
        # The last second and its text: the calendar is asked once per second.
        self._second: tuple[int | None, str] = (None, "")

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

    def _text_of(self, second: int) -> str:
        known, text = self._second
        if second != known:
            text = datetime.fromtimestamp(second).isoformat(" ")  # noqa: DTZ006 - rows have local times
            self._second = second, text
        return text
