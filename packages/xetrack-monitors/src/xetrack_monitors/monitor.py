"""The monitor of a call, made of the parts that the options ask for."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from xetrack.plugin import Context, new_lock
from xetrack_monitors import gpu
from xetrack_monitors.network import Network
from xetrack_monitors.options import MonitorOptions
from xetrack_monitors.sampler import Series
from xetrack_monitors.system import SAMPLER, System

__all__ = ["CallMonitor", "open_monitor"]


class Part(Protocol):
    """Measures from `begin()` to `end()`; may be used again."""

    def begin(self) -> None:
        """Begin a measurement."""

    def end(self) -> dict[str, Any]:
        """End it, and return the columns."""


class CallMonitor:
    """Implements `xetrack.plugin.Gauge`: measures a call, or the time between two `log()`."""

    def __init__(self, parts: Sequence[Part], series: Series | None, interval: float) -> None:
        self._parts = parts
        self._series = series
        self._interval = interval
        # Threads that share a tracker share the monitor that log() reads.
        self._lock = new_lock()
        self._begun = False

    def start(self) -> None:
        """Begin to measure a call."""
        self._begin()
        if self._series is not None:
            SAMPLER.join(self._series, self._interval)

    def stop(self) -> dict[str, Any]:
        """End it, and return the columns."""
        if self._series is not None:
            SAMPLER.leave(self._series)
        return self._end()

    def read(self) -> dict[str, Any]:
        """Return the columns since the last `read()`, without samples in between. The first one is empty."""
        with self._lock:
            columns = self._end() if self._begun else {}
            self._begin()
            self._begun = True
            return columns

    def _begin(self) -> None:
        for part in self._parts:
            part.begin()

    def _end(self) -> dict[str, Any]:
        # In reverse: the last part to begin ends first, so no part measures another.
        return {key: value for part in reversed(self._parts) for key, value in part.end().items()}


def open_monitor(options: MonitorOptions, context: Context) -> CallMonitor:
    """Return a monitor of what `options` ask for."""
    parts: list[Part] = [Network()] if options.log_network_params else []
    series = None
    if options.log_system_params:
        gpu.prepare()
        series = Series()
        parts.append(System(series, _folder(context.db)))
    return CallMonitor(parts, series, options.measurement_interval)


@lru_cache(maxsize=64)
def _folder(db: str) -> Path:
    """Return a folder on the disk of the database, which may not exist yet; without a file, the working folder."""
    path = Path(db)
    if not path.is_absolute():
        return Path()
    return next(folder for folder in path.parents if folder.exists())
