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
    """A sink that also takes the events and messages passed to `Tracker.logger`, which are not rows of the database.

    A sink that also has a method `logger(tell)` creates the object returned by `Tracker.logger`. That object passes
    levels and events to `tell(level, event)`, which passes them to `log` of every such sink, and raises `ClosedError`
    once the tracker is closed. `tell` holds a reference to the tracker, so a logger keeps its tracker open. The sink
    keeps no reference to `tell` or the logger: it creates a new logger when the last one is gone.
    """

    def log(self, level: str, event: Mapping[str, Value] | str) -> None:
        """Take an event of a level such as MONITOR, or a message. Raises as `emit` does."""
