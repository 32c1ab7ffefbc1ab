"""A lock that any number may share, or one have alone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["SharedLock"]


class SharedLock:
    """Queries share it; whoever exchanges what they query has it alone."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._sharing = 0
        self._taken = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Wait until nobody has it alone."""
        with self._condition:
            self._condition.wait_for(lambda: not self._taken)
            self._sharing += 1
        try:
            yield
        finally:
            with self._condition:
                self._sharing -= 1
                self._condition.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep newcomers out, and wait until nobody shares it any more."""
        with self._condition:
            self._condition.wait_for(lambda: not self._taken)
            self._taken = True
            self._condition.wait_for(lambda: not self._sharing)
        try:
            yield
        finally:
            with self._condition:
                self._taken = False
                self._condition.notify_all()
