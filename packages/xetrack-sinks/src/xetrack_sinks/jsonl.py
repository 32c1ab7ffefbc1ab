"""The sink named "jsonl": one line of strict JSON per row."""

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

    The timestamp is ISO 8601 with its offset from UTC. An event's own key `level` replaces the level.
    """

    def __init__(self, path: str | os.PathLike[str], max_bytes: int | None = None) -> None:
        self._file = LineFile(path, max_bytes)
        # A minute, and the offset in it.
        self._offset = ("", "")

    def emit(self, row: Mapping[str, Value]) -> None:
        """Append a tracked row. Raises `OSError`."""
        self._append({"timestamp": "", "level": "TRACKING", **row}, row["timestamp"])

    def log(self, level: str, event: Mapping[str, Value] | str) -> None:
        """Append an event of another level, and skip messages, which are for log files. Raises `OSError`."""
        if not isinstance(event, str):
            self._append({"timestamp": "", "level": level, **event}, event["timestamp"])

    def _append(self, line: dict[str, Value], stamp: Value) -> None:
        line["timestamp"] = self._zoned(stamp) if isinstance(stamp, str) and len(stamp) == _STAMP else stamp
        self._file.write(encode(line) + b"\n")

    def flush(self) -> None:
        """Write the latest lines again if the file was removed just now. Raises `OSError`."""
        self._file.flush()

    def close(self) -> None:
        """Flush, and close the file."""
        self._file.close()

    def _zoned(self, stamp: str) -> str:
        """Return a local time as ISO 8601 with the offset from UTC, which changes at most once a minute."""
        minute, offset = self._offset
        if stamp[:16] != minute:
            minute, offset = self._offset = stamp[:16], _offset(stamp[:16])
        return f"{stamp[:10]}T{stamp[11:]}{offset}"


def _offset(minute: str) -> str:
    """Return the offset from UTC at a local time, such as "+01:00"; "" for anything else."""
    try:
        local = datetime.fromisoformat(minute)
    except ValueError:
        return ""
    now = datetime.now().astimezone()
    if abs(now.replace(tzinfo=None) - local) > timedelta(hours=1):
        return local.astimezone().isoformat()[-6:]
    # When clocks are set back, an hour comes twice; of these, this is the one now.
    return now.isoformat()[-6:]
