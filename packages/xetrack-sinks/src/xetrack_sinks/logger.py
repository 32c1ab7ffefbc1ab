"""What `Tracker.logger` is: events and messages for the log files, beside the rows of the run."""

import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from xetrack.errors import InvalidValueError
from xetrack.plugin import IDENTITY, Clock, Normaliser, Value, describe, new_lock, safe_text

__all__ = ["Events", "Logger"]

_KINDS = "a dict, a list of dicts, or a DataFrame"


class Logger:
    """Writes events and messages to the log files, and events to the JSONL file too. The database never sees them.

    An event is a dict; a list of dicts or a DataFrame of pandas or polars is an event a row. Its line has `timestamp`
    and `track_id` as those of tracked rows do, unless the event has its own. Values are those that `log()` takes;
    objects are written as their repr. A failure to write is warned of once and counted in `Tracker.losses`.
    """

    def __init__(self, tell: Callable[[str, Mapping[str, Value] | str], None], events: "Events") -> None:
        self._tell = tell
        self._events = events

    def monitor(self, data: Any) -> None:
        """Write what was measured in production: a line an event, level MONITOR.

        Raises `InvalidKeyError` or `InvalidValueError` for what `log()` would not take; then nothing was written.
        """
        self._write("MONITOR", data)

    def experiment(self, data: Any) -> None:
        """Write a result, for people to read: a line a key, level EXPERIMENT. Raises as `monitor` does."""
        self._write("EXPERIMENT", data)

    experiemnt = experiment  # as the documentation has spelt it from the start

    def track(self, data: Any) -> None:
        """Write events like those of `log()`, without the database: level TRACKING. Raises as `monitor` does."""
        self._write("TRACKING", data)

    def debug(self, message: object) -> None:
        """Write a message to the logs; objects as their text."""
        self._tell("DEBUG", safe_text(message, str))

    def info(self, message: object) -> None:
        """As `debug`, level INFO."""
        self._tell("INFO", safe_text(message, str))

    def success(self, message: object) -> None:
        """As `debug`, level SUCCESS."""
        self._tell("SUCCESS", safe_text(message, str))

    def warning(self, message: object) -> None:
        """As `debug`, level WARNING."""
        self._tell("WARNING", safe_text(message, str))

    def error(self, message: object) -> None:
        """As `debug`, level ERROR."""
        self._tell("ERROR", safe_text(message, str))

    def critical(self, message: object) -> None:
        """As `debug`, level CRITICAL."""
        self._tell("CRITICAL", safe_text(message, str))

    def exception(self, message: object) -> None:
        """As `error`, with the traceback of the exception that is being handled."""
        self.error(f"{safe_text(message, str)}\n{traceback.format_exc().rstrip()}")

    def _write(self, level: str, data: object) -> None:
        for event in self._events(data):
            self._tell(level, event)


class Events:
    """Turns what a logger is given into events. All loggers of a tracker share it: no two times are the same."""

    def __init__(self, track_id: str) -> None:
        self._track_id = track_id
        self._clock = Clock()
        self._lock = new_lock()
        self._normalise = Normaliser()

    def __call__(self, data: object) -> list[dict[str, Value]]:
        """The events, all of them or none. Raises `InvalidKeyError` or `InvalidValueError`."""
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
    """The events in what was given. Raises `InvalidValueError` if it is nothing of the kind."""
    if isinstance(data, Mapping):
        return [data]
    if hasattr(data, "to_dicts"):  # polars
        return list(data.to_dicts())
    if hasattr(data, "to_dict") and hasattr(data, "columns"):  # pandas
        return [{str(key): value for key, value in row.items()} for row in data.to_dict("records")]
    if isinstance(data, (list, tuple)) and all(isinstance(each, Mapping) for each in data):
        return data
    raise InvalidValueError(f"an event is {_KINDS}; this is {safe_text(data)[:200]}. For text: logger.info(...).")
