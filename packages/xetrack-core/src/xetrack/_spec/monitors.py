"""What monitors promise."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

__all__ = ["Gauge", "Monitor"]


@runtime_checkable
class Monitor(Protocol):
    """Measures one call. A fresh one is opened for each, so it needs no lock."""

    def start(self) -> None:
        """Called right before the function."""

    def stop(self) -> Mapping[str, Any]:
        """Called right after it; what is returned joins the row."""


@runtime_checkable
class Gauge(Monitor, Protocol):
    """A monitor that also measures the time between two `log()`. One is opened with the tracker, and only ever read.

    A monitor without `read()` is started and stopped at once for a `log()`.
    """

    def read(self) -> Mapping[str, Any]:
        """What was measured since the last `read()`; joins the row. The first is when the tracker is made, for nobody.

        Threads that share a tracker call it at the same time.
        """
