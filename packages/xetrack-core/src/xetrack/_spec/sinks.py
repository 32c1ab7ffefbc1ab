"""What sinks promise."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from xetrack._spec.types import Value

__all__ = ["LogSink", "Sink"]


@runtime_checkable
class Sink(Protocol):
    """Hears of every row once the engine has committed it. If it raises, the row stays and the loss is counted."""

    def emit(self, row: Mapping[str, Value]) -> None:
        """Take one row. It must not be changed."""

    def flush(self) -> None:
        """Write out whatever is held back."""

    def close(self) -> None:
        """Flush and let go of everything."""


@runtime_checkable
class LogSink(Sink, Protocol):
    """A sink that also takes what is no row of the database: what `Tracker.logger` is told.

    One that has a method `logger(tell)` too makes the object that `Tracker.logger` is; that object passes levels and
    events to `tell(level, event)`, which passes them to `log` of every such sink, and raises `ClosedError` once the
    tracker was closed. `tell` holds the tracker, so that a logger kept by itself keeps it open. The sink keeps neither
    `tell` nor the logger: it makes a new one whenever the last one is gone.
    """

    def log(self, level: str, event: Mapping[str, Value] | str) -> None:
        """Take an event of a level such as MONITOR, or a message. Raises as `emit` does."""
