"""The sink."""

import csv
import os
from collections.abc import Mapping
from pathlib import Path

from xetrack.plugin import Value

__all__ = ["COLUMNS", "CsvSink"]

COLUMNS = ("track_id", "timestamp", "key", "value")


class CsvSink:
    """One line per value, so rows may have any keys. An existing file is appended to."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        target = Path(path).expanduser()
        target.parent.mkdir(parents=True, exist_ok=True)
        self._file = target.open("a", encoding="utf-8", errors="backslashreplace", newline="")
        self._writer = csv.writer(self._file)
        if self._file.tell() == 0:
            self._writer.writerow(COLUMNS)

    def emit(self, row: Mapping[str, Value]) -> None:
        """Write a committed row. An exception here becomes a warning, and costs no row."""
        run, time = row["track_id"], row["timestamp"]
        values = {key: value for key, value in row.items() if key not in COLUMNS[:2]}
        self._writer.writerows([run, time, key, value] for key, value in values.items())
        self._file.flush()  # a forked process would write buffered lines twice

    def flush(self) -> None:
        """Do nothing: nothing is buffered."""

    def close(self) -> None:
        """Close the file. Closing twice does nothing."""
        self._file.close()
