"""The log sink: rows as lines of a log, in files and on standard output, by a loguru of its own.

The application's `loguru.logger` has one core, with its handlers and levels. Ours has another core, so that neither
sees anything of the other, and so have two trackers.
"""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import loguru
from loguru import _logger

from xetrack.errors import OptionError
from xetrack.plugin import Value
from xetrack_sinks import LogsOptions
from xetrack_sinks.formats import FORMAT, LEVELS, delimiter, encode
from xetrack_sinks.linefile import LineFile
from xetrack_sinks.logger import Events, Logger

if TYPE_CHECKING:
    from loguru import Message

__all__ = ["LogSink"]


class LogSink:
    """Writes each row as `TIME | TRACKING | PLACE!📁!{json}` to the file of the day, standard output, or both.

    Without a folder and standard output, rows go nowhere, and what `Tracker.logger` is told goes to standard error.
    """

    def __init__(self, options: LogsOptions, track_id: str) -> None:
        self._events = Events(track_id)
        self._outputs: list[_DailyFile | _Stream] = []
        if options.logs_path is not None:
            self._outputs.append(_DailyFile(options.logs_path, options.logs_file_format))
        if options.logs_stdout:
            self._outputs.append(_Stream("stdout"))
        self._takes_rows = bool(self._outputs)
        self._outputs = self._outputs or [_Stream("stderr")]
        self._logger = _own_logger(self._write)

    def emit(self, row: Mapping[str, Value]) -> None:
        """Write a tracked row. Raises what the first output that failed raised, after the others had their turn."""
        if self._takes_rows:
            self._logger.log("TRACKING", encode(row).decode())

    def log(self, level: str, event: Mapping[str, Value] | str) -> None:
        """Write an event of another level, or plain text. Raises as `emit` does."""
        if isinstance(event, str):
            text = event.encode("utf-8", "backslashreplace").decode().replace("\n", "\n    ")
        else:
            text = encode(event, pretty=level == "EXPERIMENT").decode()
        self._logger.log(level, text)

    def logger(self, tell: Callable[[str, Mapping[str, Value] | str], None]) -> Logger:
        """What `Tracker.logger` is: it hands events of any level to `tell`, which passes them to all sinks."""
        return Logger(tell, self._events)

    def flush(self) -> None:
        """See to it that the lines are in the file, if it was removed just now. Raises `OSError`."""
        for output in self._outputs:
            output.flush()

    def close(self) -> None:
        """Let go of the file."""
        for output in self._outputs:
            output.close()

    def _write(self, message: "Message") -> None:
        failed = None
        for output in self._outputs:
            try:
                output.write(message)
            except Exception as error:
                failed = failed or error
        if failed:
            raise failed


def _own_logger(write: Callable[["Message"], None]) -> "loguru.Logger":
    """A loguru logger with a core of its own, that passes lines to `write` and raises what that raises."""
    # loguru offers a second core only to who copies the application's, handlers and all
    make: Any = _logger
    plain: Any = loguru.logger
    logger: loguru.Logger = make.Logger(make.Core(), *plain._options)  # noqa: SLF001 - the settings of a plain logger
    for level, severity in LEVELS.items():
        logger.level(level, no=severity)
    try:
        logger.configure(extra={"delimiter": delimiter()})
    except ValueError as error:
        raise OptionError(str(error)) from error
    logger.add(write, format=FORMAT, level=0, catch=False, backtrace=False, diagnose=False)
    return logger


class _DailyFile:
    """The log file of the day, in a folder. A new one is begun with the first line after midnight."""

    def __init__(self, folder: str | os.PathLike[str], name: str) -> None:
        self._folder = Path(folder).expanduser().absolute()
        self._name = name
        self._day = 0
        self._file: LineFile | None = None

    def write(self, message: "Message") -> None:
        time = message.record["time"]
        if self._file is None or time.toordinal() != self._day:
            self.close()
            self._day, self._file = time.toordinal(), LineFile(self._folder / self._name.format(time=time))
        self._file.write(message.encode())

    def flush(self) -> None:
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


class _Stream:
    """Standard output or error, whatever it is at the time."""

    def __init__(self, name: str) -> None:
        self._name = name

    def write(self, message: "Message") -> None:
        stream = getattr(sys, self._name)
        try:
            stream.write(message)
        except UnicodeEncodeError:
            stream.write(message.encode(stream.encoding, "backslashreplace").decode(stream.encoding))
        stream.flush()

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """It is not ours to close."""
