"""Protocols of monitors."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

__all__ = ["Gauge", "Monitor"]


@runtime_checkable
class Monitor(Protocol):
    """Measures one tracked call. Each call opens a monitor of its own, so it needs no lock."""

    def start(self) -> None:
        """Start to measure, right before the function is called."""

    def stop(self) -> Mapping[str, Any]:
        """Stop to measure, right after the function returned; return values to add to the row."""


@runtime_checkable
class Gauge(Monitor, Protocol):
    """A monitor that also measures the time between two calls of `log()`.

    A tracker opens one gauge, and only calls its `read()`. A monitor without `read()` is started and stopped at once
    for a `log()`.
    """

    def read(self) -> Mapping[str, Any]:
        """Return what was measured since the previous `read()`, to add to the row.

        The tracker discards the first reading, which it takes when it is created. Threads that share a tracker may
        call this at the same time.
        """
