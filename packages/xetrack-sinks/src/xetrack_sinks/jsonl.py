"""The JSONL sink: a strict JSON line a row."""

import os
from collections.abc import Mapping
from datetime import datetime, timedelta

from xetrack.plugin import Value
from xetrack_sinks.formats import encode
from xetrack_sinks.linefile import LineFile

__all__ = ["JsonlSink"]

_STAMP = len("2026-01-31 12:00:00.000000")


class JsonlSink:
    """Appends each row as `{"timestamp": ..., "level": "TRACKING", ..., "track_id": ...}`.

    The timestamp is ISO 8601 with its offset from UTC. A key `level` of the event's own stands in for the level.
    """

    def __init__(self, path: str | os.PathLike[str], max_bytes: int | None = None) -> None:
        self._file = LineFile(path, max_bytes)
        self._offset = ("", "")  # of a minute

    def emit(self, row: Mapping[str, Value]) -> None:
        """Append a tracked row. Raises `OSError`."""
        self._append({"timestamp": "", "level": "TRACKING", **row}, row["timestamp"])

    def log(self, level: str, event: Mapping[str, Value] | str) -> None:
        """Append an event of another level. Plain text is for log files and left out here. Raises `OSError`."""
        if not isinstance(event, str):
            self._append({"timestamp": "", "level": level, **event}, event["timestamp"])

    def _append(self, line: dict[str, Value], stamp: Value) -> None:
        line["timestamp"] = self._zoned(stamp) if isinstance(stamp, str) and len(stamp) == _STAMP else stamp
        self._file.write(encode(line) + b"\n")

    def flush(self) -> None:
        """See to it that the lines are in the file, if it was removed just now. Raises `OSError`."""
        self._file.flush()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _zoned(self, stamp: str) -> str:
        """A local time as ISO 8601, with the offset from UTC that was in force; it changes at most once a minute."""
        minute, offset = self._offset
        if stamp[:16] != minute:
            minute, offset = self._offset = stamp[:16], _offset(stamp[:16])
        return f"{stamp[:10]}T{stamp[11:]}{offset}"


def _offset(minute: str) -> str:
    """The offset from UTC at a local time: "+01:00"; "" for what is no time."""
    try:
        local = datetime.fromisoformat(minute)
    except ValueError:
        return ""
    now = datetime.now().astimezone()
    if abs(now.replace(tzinfo=None) - local) > timedelta(hours=1):
        return local.astimezone().isoformat()[-6:]
    return now.isoformat()[-6:]  # when a clock is set back, an hour comes twice: now it is this one
