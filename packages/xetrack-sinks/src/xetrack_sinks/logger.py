"""The object behind `Tracker.logger`: events and messages beside the rows of a run."""

import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from xetrack.errors import InvalidValueError
from xetrack.plugin import IDENTITY, Clock, Normaliser, Value, describe, new_lock, safe_text

__all__ = ["Events", "Logger"]

_KINDS = "a dict, a list of dicts, or a DataFrame"


class Logger:
    """Writes events and messages to the log files, and events to the JSONL file; neither to the database.

    An event is a dict; a list of dicts, or a DataFrame of pandas or polars, is one event per row. Events get the
    `timestamp` and `track_id` of tracked rows unless they have their own. Values are those that `log()` takes, but
    objects are written as their repr. The first failure to write is warned of; `Tracker.losses` counts them all.

        >>> tracker.logger.monitor({"drift": 0.1, "requests": 10})
        >>> tracker.logger.info("a message, for the log files only")
    """

    def __init__(self, tell: Callable[[str, Mapping[str, Value] | str], None], events: "Events") -> None:
        self._tell = tell
        self._events = events

    def monitor(self, data: Any) -> None:
        """Write measurements from production: one line per event, level MONITOR.

        Raises:
            InvalidKeyError, InvalidValueError: `log()` would not take an event either. Nothing was written.
            ClosedError: The tracker is closed.
        """
        self._write("MONITOR", data)

    def experiment(self, data: Any) -> None:
        """Write results for people to read: one line per key, level EXPERIMENT. Raises as `monitor` does."""
        self._write("EXPERIMENT", data)

    # The spelling in the documentation of 0.x.
    experiemnt = experiment

    def track(self, data: Any) -> None:
        """Write events as `log()` does, except to the database: level TRACKING. Raises as `monitor` does."""
        self._write("TRACKING", data)

    def debug(self, message: object) -> None:
        """Write a message, level DEBUG: text, or any object as `str` shows it."""
        self._tell("DEBUG", safe_text(message, str))

    def info(self, message: object) -> None:
        """Write a message, level INFO."""
        self._tell("INFO", safe_text(message, str))

    def success(self, message: object) -> None:
        """Write a message, level SUCCESS."""
        self._tell("SUCCESS", safe_text(message, str))

    def warning(self, message: object) -> None:
        """Write a message, level WARNING."""
        self._tell("WARNING", safe_text(message, str))

    def error(self, message: object) -> None:
        """Write a message, level ERROR."""
        self._tell("ERROR", safe_text(message, str))

    def critical(self, message: object) -> None:
        """Write a message, level CRITICAL."""
        self._tell("CRITICAL", safe_text(message, str))

    def exception(self, message: object) -> None:
        """Write a message and the traceback of the exception being handled, level ERROR."""
        self.error(f"{safe_text(message, str)}\n{traceback.format_exc().rstrip()}")

    def _write(self, level: str, data: object) -> None:
        for event in self._events(data):
            self._tell(level, event)


class Events:
    """Turns the arguments of loggers into events. All loggers of a tracker share it, so no two timestamps are equal."""

    def __init__(self, track_id: str) -> None:
        self._track_id = track_id
        self._clock = Clock()
        self._lock = new_lock()
        self._normalise = Normaliser()

    def __call__(self, data: object) -> list[dict[str, Value]]:
        """Return the events. Raises `InvalidKeyError` or `InvalidValueError` before there is any."""
        return [self._event(each) for each in _events(data)]

    def _event(self, data: Mapping[str, Any]) -> dict[str, Value]:
        event = {key: value for key, value in data.items() if key not in IDENTITY}
        self._normalise(event, describe)
        with self._lock:
            own = {"timestamp": self._clock.stamp(), "track_id": self._track_id}
        for key, ours in own.items():
            event[key] = self._normalise.value("value", data[key], describe) if key in data else ours
        return event


def _events(data: Any) -> Iterable[Mapping[str, Any]]:
    """Return the dicts in an argument. Raises `InvalidValueError` if there are none."""
    if isinstance(data, Mapping):
        return [data]
    if hasattr(data, "to_dicts"):  # polars
        return list(data.to_dicts())
    if hasattr(data, "to_dict") and hasattr(data, "columns"):  # pandas
        return [{str(key): value for key, value in row.items()} for row in data.to_dict("records")]
    if isinstance(data, (list, tuple)) and all(isinstance(each, Mapping) for each in data):
        return data
    raise InvalidValueError(f"{safe_text(data)[:200]} is not {_KINDS}. Use logger.info() for text.")
