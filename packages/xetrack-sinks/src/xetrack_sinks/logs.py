"""The sink named "logs": rows as log lines, in a daily file, on standard output, or both."""

import inspect
import os
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from xetrack.plugin import Value, new_lock
from xetrack_sinks import LogsOptions
from xetrack_sinks.filenames import FileTime
from xetrack_sinks.formats import delimiter, encode, log_line
from xetrack_sinks.linefile import LineFile
from xetrack_sinks.logger import Events, Logger

__all__ = ["LogSink"]

_OURS = ("xetrack.", "xetrack_")


class LogSink:
    """Writes each row as `TIME | TRACKING | PLACE!📁!{json}`, where PLACE is the code that logged it.

    The lines have loguru's default form, but are not written by loguru: its one global logger would pass every row to
    the application's handlers, and lose ours when the application calls `logger.remove()`.

    Without a folder and standard output, rows are not written, and `Tracker.logger` writes to standard error.
    """

    def __init__(self, options: LogsOptions, track_id: str) -> None:
        self._events = Events(track_id)
        self._delimiter = delimiter()
        self._file = None if options.logs_path is None else _DailyFile(options.logs_path, options.logs_file_format)
        self._takes_rows = options.logs_stdout or self._file is not None
        self._stream = "stdout" if options.logs_stdout else None if self._file else "stderr"
        self._lock = new_lock()

    def emit(self, row: Mapping[str, Value]) -> None:
        """Write a tracked row. Raises `OSError`; a file that fails costs standard output nothing."""
        if self._takes_rows:
            self._write("TRACKING", encode(row).decode())

    def log(self, level: str, event: Mapping[str, Value] | str) -> None:
        """Write an event of another level, or a message. Raises as `emit` does."""
        if isinstance(event, str):
            # Indented, so that no message can forge an entry.
            text = event.encode("utf-8", "backslashreplace").decode().replace("\n", "\n    ")
        else:
            text = encode(event, pretty=level == "EXPERIMENT").decode()
        self._write(level, text)

    def logger(self, tell: Callable[[str, Mapping[str, Value] | str], None]) -> Logger:
        """Make the object behind `Tracker.logger`; it passes events and messages to `tell`."""
        return Logger(tell, self._events)

    def flush(self) -> None:
        """Write the latest lines again if the file was removed just now. Raises `OSError`."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Flush, and close the file."""
        if self._file is not None:
            self._file.close()

    def _write(self, level: str, text: str) -> None:
        now = datetime.now().astimezone()
        line = log_line(now, level, _caller(), self._delimiter, text)
        with self._lock:
            try:
                if self._stream is not None:
                    _print(line, self._stream)
            finally:
                if self._file is not None:
                    self._file.write(line.encode(), now)


class _DailyFile:
    """The log file of the day, in a folder. The first line after midnight begins a new one."""

    def __init__(self, folder: str | os.PathLike[str], name: str) -> None:
        self._folder = Path(folder).expanduser().absolute()
        self._name = name
        self._day = 0
        self._file: LineFile | None = None

    def write(self, line: bytes, now: datetime) -> None:
        day = now.toordinal()
        if self._file is None or day != self._day:
            self.close()
            name = self._name.format(time=FileTime.combine(now, now.timetz()))
            self._day, self._file = day, LineFile(self._folder / name)
        self._file.write(line)

    def flush(self) -> None:
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _print(line: str, stream_name: str) -> None:
    # Looked up for each line: tests and notebooks replace sys.stdout.
    stream = getattr(sys, stream_name)
    try:
        stream.write(line)
    except UnicodeEncodeError:
        stream.write(line.encode(stream.encoding, "backslashreplace").decode(stream.encoding))
    stream.flush()


def _caller() -> str:
    """Return `module:function:line` of the code that called xetrack."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_back is not None and _module(frame.f_globals).startswith(_OURS):
        frame = frame.f_back
    if frame is None:
        return "?:?:0"
    return f"{_module(frame.f_globals)}:{frame.f_code.co_name}:{frame.f_lineno}"


def _module(names: Mapping[str, object]) -> str:
    return str(names.get("__name__"))
