"""What a tracker opens: one monitor for a call, made of the parts that the options ask for."""

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
    """Measures from `begin()` to `end()`, which may be followed by another `begin()`."""

    def begin(self) -> None:
        """The time that is measured begins."""

    def end(self) -> dict[str, Any]:
        """It ended: what was measured."""


class CallMonitor:
    """Keeps the promises of `xetrack.plugin.Gauge`: measures a call, or the time between two `log()`."""

    def __init__(self, parts: Sequence[Part], series: Series | None, interval: float) -> None:
        self._parts = parts
        self._series = series
        self._interval = interval
        self._lock = new_lock()  # threads that share a tracker share the one monitor that is read
        self._begun = False

    def start(self) -> None:
        """A call begins."""
        self._begin()
        if self._series is not None:
            SAMPLER.join(self._series, self._interval)

    def stop(self) -> dict[str, Any]:
        """The call has ended: what was measured."""
        if self._series is not None:
            SAMPLER.leave(self._series)
        return self._end()

    def read(self) -> dict[str, Any]:
        """What was measured since the last `read()`; the first only begins. No thread looks in between."""
        with self._lock:
            told = self._end() if self._begun else {}
            self._begin()
            self._begun = True
            return told

    def _begin(self) -> None:
        for part in self._parts:
            part.begin()

    def _end(self) -> dict[str, Any]:
        # in reverse: the last to begin is the first to end, so that no part measures another
        return {key: value for part in reversed(self._parts) for key, value in part.end().items()}


def open_monitor(options: MonitorOptions, context: Context) -> CallMonitor:
    """A monitor of what `options` ask for."""
    parts: list[Part] = [Network()] if options.log_network_params else []
    series = None
    if options.log_system_params:
        gpu.prepare()
        series = Series()
        parts.append(System(series, _folder(context.db)))
    return CallMonitor(parts, series, options.measurement_interval)


@lru_cache(maxsize=64)
def _folder(db: str) -> Path:
    """A folder of the disk that the database is or will be on; the working folder where it is no file."""
    path = Path(db)
    if not path.is_absolute():
        return Path()
    return next(folder for folder in path.parents if folder.exists())
