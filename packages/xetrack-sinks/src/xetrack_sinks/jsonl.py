"""The sink named "jsonl": one line of strict JSON per row."""

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime

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
        # A minute in the zone of that name, and its offset.
        self._offset = ("", ("", ""), "")

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
        """Return a local time as ISO 8601 with the offset from UTC."""
        minute, zone, offset = self._offset
        if stamp[:16] != minute or time.tzname is not zone:
            offset, is_sure = _offset(stamp)
            self._offset = (stamp[:16] if is_sure else "", time.tzname, offset)
        return f"{stamp[:10]}T{stamp[11:]}{offset}"


def _offset(stamp: str) -> tuple[str, bool]:
    """Return the offset from UTC at a local time, such as "+01:00", and whether its minute has no other one.

    When clocks are set back, an hour comes twice; of these, it is the one closer to now. "" stands for no time.
    """
    try:
        local = datetime.fromisoformat(stamp)
        first, second = (local.replace(fold=fold).astimezone() for fold in (0, 1))
    except (ValueError, OverflowError):
        return "", True
    now = datetime.now(UTC)
    nearest = min(first, second, key=lambda time: abs(time.astimezone(UTC) - now))
    return nearest.isoformat()[-6:], first.utcoffset() == second.utcoffset()
