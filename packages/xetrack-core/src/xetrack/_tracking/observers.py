"""Sinks and monitors. Their exceptions never cost a row."""

import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xetrack._plugins.registry import Offer, Plugins
from xetrack._rows.normalize import Normaliser, describe
from xetrack._spec.monitors import Gauge, Monitor
from xetrack._spec.provider import Context
from xetrack._spec.sinks import LogSink, Sink
from xetrack._spec.types import Row, Value
from xetrack._util.forksafe import new_lock
from xetrack._util.text import explain
from xetrack.errors import OptionError

__all__ = ["Observers"]


class Observers:
    """The open sinks and the monitors of a run, each isolated: an exception becomes a warning, and losses are counted.

    `sinks` receive rows; `loggers` receive only what is passed to `Tracker.logger`.
    """

    def __init__(
        self,
        plugins: Plugins,
        routed: Sequence[tuple[Offer, Mapping[str, Any]]],
        context: Context,
        warn: Callable[[str, str], None],
    ) -> None:
        self._plugins = plugins
        self._logger: Callable[[], Any] = _nothing
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
        """Pass a committed row to every sink."""
        for name, sink in self.sinks:
            try:
                sink.emit(row)
            except Exception as error:
                self._lost(name, error)

    def log(self, level: str, event: Mapping[str, Value] | str) -> None:
        """Pass an event or message that is not a row to the sinks that accept these."""
        for name, sink in [*self.sinks, *self.loggers]:
            try:
                if isinstance(sink, LogSink):
                    sink.log(level, event)
            except Exception as error:
                self._lost(name, error)

    def logger(self, tell: Callable[..., None]) -> Any:
        """Return the logger of an open sink, or that of the sink "logs" opened without options.

        It holds the tracker through `tell`, so it is held weakly here: the same logger as long as somebody holds it.
        """
        logger = self._logger()
        if logger is None:
            known = [sink for _, sink in [*self.sinks, *self.loggers] if hasattr(sink, "logger")]
            sink: Any = known[0] if known else self._plugins.pick("sinks", "logs").open({}, self._context)
            if not known:
                self.loggers.append(("logs", sink))
            logger = sink.logger(tell)
            self._logger = _weakly(logger)
        return logger

    def _lost(self, name: str, error: Exception) -> None:
        with self._counting:  # rows come one at a time, messages to the logger do not
            self.losses[name] = self.losses.get(name, 0) + 1
        self._warn(
            f"sink {name}",
            f"the sink {name!r} lost a row: {explain(error)} Further losses are only counted, in Tracker.losses.",
        )

    def _open_gauges(self) -> dict[str, Gauge]:
        """Open each monitor once, so that invalid options raise now. Keep those that can be read."""
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
        """Open and start every monitor; without a call, only those that cannot be read."""
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

    def stop(self, started: Sequence[tuple[str, Monitor]], params: Mapping[str, Any]) -> dict[str, Any]:
        """Stop monitors. Return what they measured, except under keys of `params`."""
        measured: dict[str, Any] = {}
        for name, monitor in reversed(started):
            measured |= self._told(name, monitor.stop)
        return self._without(params, measured)

    def read(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return measurements for a `log()`: since the last one, or of this moment. Params win as in `stop`."""
        measured = self.stop(self.start(call=False), {})
        for name, gauge in self._gauges.items():
            measured |= self._told(name, gauge.read)
        return self._without(params, measured)

    def _without(self, params: Mapping[str, Any], measured: dict[str, Any]) -> dict[str, Any]:
        clashes = measured.keys() & params.keys()
        if clashes:
            names = ", ".join(sorted(clashes))
            self._warn(
                "measured", f"{names}: params override measurements of the same name. Rename the param to keep both."
            )
        return {key: value for key, value in measured.items() if key not in clashes}

    def _could_not_start(self, name: str, error: Exception) -> None:
        self._warn(f"monitor {name}", f"the monitor {name!r} failed to start: {explain(error)}")

    def _told(self, name: str, tell: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        try:
            told = dict(tell())
            self._normalise(told, describe)
        except Exception as error:
            self._warn(f"monitor {name}", f"the monitor {name!r} returned no measurements: {explain(error)}")
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
                self._warn(f"sink {name} {method}", f"the sink {name!r} failed to {method}: {explain(error)}")


def _nothing() -> None:
    return None


def _weakly(value: object) -> Callable[[], Any]:
    """Return a function that returns the value while another reference holds it."""
    try:
        return weakref.ref(value)
    except TypeError:  # of a class without a place for weak references
        return _nothing
