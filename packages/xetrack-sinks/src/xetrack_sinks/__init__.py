"""Log files and JSON Lines beside the database: the options `logs_path=`, `logs_stdout=` and `jsonl=` of a tracker.

Nothing of loguru or orjson is imported before a tracker or reader asks for what they do.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xetrack.plugin import Context, Provider, Sink, hookimpl, integer, text, writable_file, writable_folder
from xetrack_sinks.filenames import FileTime

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["JsonlOptions", "LogsOptions", "xetrack_sinks"]

xetrack_api = 1


@dataclass(frozen=True)
class LogsOptions:
    """The options of trackers that the sink "logs" claims.

    Attributes:
        logs_path: folder of log files, made if it is not there.
        logs_stdout: whether events go to standard output.
        logs_file_format: the name of a log file in the folder; `{time:...}` stands for the day it was begun.
    """

    logs_path: str | os.PathLike[str] | None = None
    logs_stdout: bool = False
    logs_file_format: str = "{time:YYYY-MM-DD}.log"

    def __post_init__(self) -> None:
        """Raise `ValueError` or `TypeError` for what can be no folder or no file name."""
        if self.logs_path is None and self.logs_file_format != LogsOptions.logs_file_format:
            raise ValueError("logs_file_format= names files in a folder: give logs_path= too")
        if self.logs_path is not None:
            writable_folder("logs_path", self.logs_path)
        try:
            name = text("logs_file_format", self.logs_file_format).format(time=FileTime(2026, 1, 31))
        except (LookupError, AttributeError, ValueError) as error:
            message = f"logs_file_format={self.logs_file_format!r} is not a pattern for file names ({error})."
            raise ValueError(f"{message} Its one field is the time: '{{time:YYYY-MM-DD}}.log'.") from error
        if not name:
            raise ValueError("logs_file_format= is empty. Give the name of a file, such as '{time:YYYY-MM-DD}.log'.")
        if self.logs_path is not None:
            writable_file("logs_file_format", Path(self.logs_path) / name)


@dataclass(frozen=True)
class JsonlOptions:
    """The options of trackers that the sink "jsonl" claims.

    Attributes:
        jsonl: path of the file, which is appended to; made if it is not there.
        jsonl_max_bytes: once the file is longer, it is set aside and a new one begun. By default never.
    """

    jsonl: str | os.PathLike[str] | None = None
    jsonl_max_bytes: int | None = None

    def __post_init__(self) -> None:
        """Raise `ValueError` or `TypeError` for what can be no path or no size."""
        if self.jsonl is None:
            raise ValueError("jsonl_max_bytes= is about a JSONL file: give jsonl= too")
        writable_file("jsonl", self.jsonl)
        if self.jsonl_max_bytes is not None and integer("jsonl_max_bytes", self.jsonl_max_bytes) < 1:
            raise ValueError("jsonl_max_bytes= is a number of bytes above 0")


def _open_logs(options: LogsOptions | None, context: Context) -> Sink:
    from xetrack_sinks.logs import LogSink

    return LogSink(options or LogsOptions(), str(context.track_id))


def _open_jsonl(options: JsonlOptions, _: Context) -> Sink:
    from xetrack_sinks.jsonl import JsonlSink

    return JsonlSink(os.fspath(options.jsonl or ""), options.jsonl_max_bytes)


def _read_logs(path: Path, limit: int | None = None) -> "pd.DataFrame":
    from xetrack_sinks.reading import read_logs

    return read_logs(path, limit)


def _read_jsonl(path: Path) -> "pd.DataFrame":
    from xetrack_sinks.reading import read_jsonl

    return read_jsonl(path)


@hookimpl
def xetrack_sinks() -> Sequence[Provider[Any]]:
    """The sinks named "logs" and "jsonl"."""
    return [
        Provider("logs", _open_logs, LogsOptions, _read_logs),
        Provider("jsonl", _open_jsonl, JsonlOptions, _read_jsonl),
    ]
