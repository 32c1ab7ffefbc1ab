"""Local times, no two of them the same."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

__all__ = ["MICROSECOND", "Clock"]


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
        self._second: tuple[int | None, str] = (None, "")  # the last second, and its text

    def stamp(self) -> str:
        """The time now."""
        now = self._now() // 1000
        self._given = now if now > self._given or now < self._read else self._given + 1
        self._read = now
        second, rest = divmod(self._given, 1_000_000)
        known, text = self._second
        return f"{text if second == known else self._text_of(second)}.{rest:06d}"

    def stamps(self, count: int) -> list[str]:
        """`count` times, a microsecond apart, from now on."""
        if count < 1:
            return []
        first = self.stamp()
        start = self._given
        self._given += count - 1
        others = (divmod(each, 1_000_000) for each in range(start + 1, start + count))
        return [first, *(f"{self._text_of(second)}.{rest:06d}" for second, rest in others)]

    def _text_of(self, second: int) -> str:
        """A second as text; the calendar is asked once per second."""
        known, text = self._second
        if second != known:
            text = datetime.fromtimestamp(second).isoformat(" ")  # noqa: DTZ006 - local times, as documented
            self._second = second, text
        return text
