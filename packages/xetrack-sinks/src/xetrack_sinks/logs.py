"""The sink named "logs": rows as log lines, in a daily file, on standard output, or both.

loguru formats the lines, with a core of its own for each sink. Its public interface has one global logger, which would
pass rows to the application's handlers, and lose ours when the application calls `logger.remove()`. A copy by
`copy.deepcopy(logger)` fails while that logger has its default handler for standard error.
"""

import inspect
import os
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import loguru
from loguru import _logger

from xetrack.plugin import Value
from xetrack_sinks import LogsOptions
from xetrack_sinks.formats import EVENT_LEVELS, FORMAT, delimiter, encode
from xetrack_sinks.linefile import LineFile
from xetrack_sinks.logger import Events, Logger

if TYPE_CHECKING:
    from loguru import Message

__all__ = ["LogSink"]

_OURS = ("xetrack.", "xetrack_")


class LogSink:
    """Writes each row as `TIME | TRACKING | PLACE!📁!{json}`, where PLACE is the code that logged it.

    Without a folder and standard output, rows are not written, and `Tracker.logger` writes to standard error.
    """

    def __init__(self, options: LogsOptions, track_id: str) -> None:
        self._events = Events(track_id)
        self._file = None if options.logs_path is None else _DailyFile(options.logs_path, options.logs_file_format)
        self._takes_rows = options.logs_stdout or self._file is not None
        self._stream = "stdout" if options.logs_stdout else None if self._file else "stderr"
        self._delimiter = delimiter()
        logger = _own_logger(self._write)
        self._logger_at = cache(lambda depth: logger.opt(depth=depth))

    def emit(self, row: Mapping[str, Value]) -> None:
        """Write a tracked row. Raises `OSError`; a file that fails costs standard output nothing."""
        if self._takes_rows:
            self._log("TRACKING", encode(row).decode())

    def log(self, level: str, event: Mapping[str, Value] | str) -> None:
        """Write an event of another level, or a message. Raises as `emit` does."""
        if isinstance(event, str):
            # Indented, so that no message can forge an entry.
            text = event.encode("utf-8", "backslashreplace").decode().replace("\n", "\n    ")
        else:
            text = encode(event, pretty=level == "EXPERIMENT").decode()
        self._log(level, text)

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

    def _log(self, level: str, text: str) -> None:
        # Count the frames to the code that called xetrack: the line names that code.
        depth, frame = 0, inspect.currentframe()
        while frame is not None and str(frame.f_globals.get("__name__")).startswith(_OURS):
            depth, frame = depth + 1, frame.f_back
        self._logger_at(depth).log(level, self._delimiter + text)

    def _write(self, line: "Message") -> None:
        try:
            if self._stream is not None:
                _print(line, self._stream)
        finally:
            if self._file is not None:
                self._file.write(line)


def _own_logger(write: Callable[["Message"], None]) -> "loguru.Logger":
    """Make a logger apart from the application's, which passes lines to `write` and raises what that raises."""
    make: Any = _logger
    application: Any = loguru.logger
    logger: loguru.Logger = make.Logger(make.Core(), *application._options)  # noqa: SLF001 - see the module's docstring
    for level, severity in EVENT_LEVELS.items():
        logger.level(level, no=severity)
    logger.add(write, format=FORMAT, level=0, catch=False, backtrace=False, diagnose=False)
    return logger


class _DailyFile:
    """The log file of the day, in a folder. The first line after midnight begins a new one."""

    def __init__(self, folder: str | os.PathLike[str], name: str) -> None:
        self._folder = Path(folder).expanduser().absolute()
        self._name = name
        self._day = 0
        self._file: LineFile | None = None

    def write(self, line: "Message") -> None:
        time = line.record["time"]
        day = time.toordinal()
        if self._file is None or day != self._day:
            self.close()
            self._day, self._file = day, LineFile(self._folder / self._name.format(time=time))
        self._file.write(line.encode())

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
