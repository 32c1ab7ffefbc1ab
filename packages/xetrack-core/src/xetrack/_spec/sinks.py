"""Protocols of sinks."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from xetrack._spec.types import Value

__all__ = ["LogSink", "Sink"]


@runtime_checkable
class Sink(Protocol):
    """Receives every row after the engine has committed it.

    If a method raises, the row stays in the database, and the tracker warns and counts the loss.
    """

    def emit(self, row: Mapping[str, Value]) -> None:
        """Take one row. Do not change it."""

    def flush(self) -> None:
        """Write out whatever is buffered."""

    def close(self) -> None:
        """Flush, then release all resources."""


@runtime_checkable
class LogSink(Sink, Protocol):
    """A sink that also takes the events and messages passed to `Tracker.logger`, which are not stored as rows.

    A sink that also has a method `logger(tell)` creates the object that `Tracker.logger` returns:

    - The logger passes levels and events to `tell(level, event)`, which passes them to `log` of every such sink. It
      raises `ClosedError` once the tracker is closed.
    - `tell` holds a reference to the tracker, so a logger keeps its tracker open. The sink keeps no reference to `tell`
      or the logger, and creates a new logger when the last one is gone.
    """

    def log(self, level: str, event: Mapping[str, Value] | str) -> None:
        """Take an event, or a message, of a level such as MONITOR."""
