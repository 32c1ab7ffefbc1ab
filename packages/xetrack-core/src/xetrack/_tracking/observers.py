"""What listens beside the row path: sinks and monitors. None of them may cost a row."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xetrack._plugins.registry import Offer
from xetrack._rows.normalize import Normaliser, describe
from xetrack._spec.monitors import Gauge, Monitor
from xetrack._spec.provider import Context
from xetrack._spec.sinks import LogSink, Sink
from xetrack._spec.types import Row, Value
from xetrack._util.forksafe import new_lock
from xetrack._util.text import explain
from xetrack.errors import OptionError

__all__ = ["Listeners"]


class Listeners:
    """The open sinks of a tracker and its monitors, each isolated: what one raises is warned of and counted.

    `sinks` hear of rows; `loggers` only of what `Tracker.logger` is told.
    """

    def __init__(
        self, routed: Sequence[tuple[Offer, Mapping[str, Any]]], context: Context, warn: Callable[[str, str], None]
    ) -> None:
        self._warn = warn
        self._context = context
        self._normalise = Normaliser()
        self.losses: dict[str, int] = {}
        self._counting = new_lock()
        self.monitors = [(offer, options) for offer, options in routed if offer.kind == "monitors"]
        self._gauges = self._open_gauges()
        self.sinks: list[tuple[str, Sink]] = []
        self.loggers: list[tuple[str, Sink]] = []
        for offer, options in routed:
            if offer.kind == "sinks" and (sink := offer.open(options, context)) is not None:
                self.sinks.append((offer.provider.name, sink))

    def emit(self, row: Row) -> None:
        """Tell every sink of a row that is committed."""
        for name, sink in self.sinks:
            try:
                sink.emit(row)
            except Exception as error:
                self._lost(name, error)

    def log(self, level: str, event: Mapping[str, Value] | str) -> None:
        """Tell the sinks that take them of an event that is no row, or of a message."""
        for name, sink in [*self.sinks, *self.loggers]:
            try:
                if isinstance(sink, LogSink):
                    sink.log(level, event)
            except Exception as error:
                self._lost(name, error)

    def _lost(self, name: str, error: Exception) -> None:
        with self._counting:  # rows come one at a time, but what the logger is told does not
            self.losses[name] = self.losses.get(name, 0) + 1
        self._warn(f"sink {name}", f"the sink {name!r} lost a row: {explain(error)} Further losses are counted only.")

    def _open_gauges(self) -> dict[str, Gauge]:
        """Open each monitor once, so that wrong options are told at once, and keep those that can be read."""
        gauges: dict[str, Gauge] = {}
        for offer, options in self.monitors:
            name = offer.provider.name
            try:
                monitor = offer.open(options, self._context)
                if isinstance(monitor, Gauge):
                    monitor.read()
                    gauges[name] = monitor
            except OptionError:
                raise
            except Exception as error:
                self._could_not_start(name, error)
        return gauges

    def start(self, *, call: bool = True) -> list[tuple[str, Monitor]]:
        """Open and start a monitor of each kind; where there is no call, only of those that cannot be read."""
        started: list[tuple[str, Monitor]] = []
        for offer, options in self.monitors:
            name = offer.provider.name
            if not call and name in self._gauges:
                continue
            try:
                monitor = offer.open(options, self._context)
                if monitor is not None:
                    monitor.start()
                    started.append((name, monitor))
            except Exception as error:
                self._could_not_start(name, error)
        return started

    def stop(self, started: Sequence[tuple[str, Monitor]]) -> dict[str, Any]:
        """Stop monitors and return what they measured."""
        measured: dict[str, Any] = {}
        for name, monitor in reversed(started):
            measured |= self._told(name, monitor.stop)
        return measured

    def read(self) -> dict[str, Any]:
        """What is measured without a call: since the last time, by monitors that can be read, or of a moment."""
        measured = self.stop(self.start(call=False))
        for name, gauge in self._gauges.items():
            measured |= self._told(name, gauge.read)
        return measured

    def _could_not_start(self, name: str, error: Exception) -> None:
        self._warn(f"monitor {name}", f"the monitor {name!r} could not start: {explain(error)}")

    def _told(self, name: str, tell: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        try:
            told = dict(tell())
            self._normalise(told, describe)
        except Exception as error:
            self._warn(f"monitor {name}", f"the monitor {name!r} measured nothing: {explain(error)}")
            return {}
        return told

    def flush(self) -> None:
        """Flush every sink."""
        self._each("flush")

    def close(self) -> None:
        """Close every sink."""
        self._each("close")
        self.sinks, self.loggers = [], []
        self._gauges = {}

    def _each(self, method: str) -> None:
        for name, sink in [*self.sinks, *self.loggers]:
            try:
                getattr(sink, method)()
            except Exception as error:
                self._warn(f"sink {name} {method}", f"{method}() of the sink {name!r} failed: {explain(error)}")
