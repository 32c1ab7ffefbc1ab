"""Log files and JSON Lines beside the database.

    Tracker("runs.db", logs_path="logs", logs_stdout=True, jsonl="rows.jsonl")

loguru and orjson are imported when the first sink opens.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xetrack.plugin import Context, Provider, Sink, hookimpl, integer, text, writable_file, writable_folder

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["JsonlOptions", "LogsOptions", "xetrack_sinks"]

xetrack_api = 1


@dataclass(frozen=True)
class LogsOptions:
    """Options of `Tracker` for log lines.

    Attributes:
        logs_path: Folder of log files, created with the first line.
        logs_stdout: Write lines to standard output.
        logs_file_format: Name of a log file. `{time:...}` is the time of its first line, in loguru's tokens.

    Raises:
        ValueError, TypeError: An option is not the name of a folder or file. A tracker raises `OptionError` instead.
    """

    logs_path: str | os.PathLike[str] | None = None
    logs_stdout: bool = False
    logs_file_format: str = "{time:YYYY-MM-DD}.log"

    def __post_init__(self) -> None:
        """Check the options."""
        if self.logs_path is None and self.logs_file_format != LogsOptions.logs_file_format:
            raise ValueError("logs_file_format= names the files in a folder. Set logs_path= too.")
        if self.logs_path is not None:
            writable_folder("logs_path", self.logs_path)
        try:
            name = text("logs_file_format", self.logs_file_format).format(time=date(2026, 1, 31))
        except (LookupError, AttributeError, ValueError) as error:
            message = f"logs_file_format={self.logs_file_format!r} is not a valid pattern for file names ({error})."
            raise ValueError(
                f"{message} It may contain only the field time, as in '{{time:YYYY-MM-DD}}.log'."
            ) from error
        if not name:
            raise ValueError("logs_file_format= is empty. Use the name of a file, such as '{time:YYYY-MM-DD}.log'.")
        if self.logs_path is not None:
            writable_file("logs_file_format", Path(self.logs_path) / name)


@dataclass(frozen=True)
class JsonlOptions:
    """Options of `Tracker` for a JSON Lines file.

    Attributes:
        jsonl: Path of the file to append to, created with the first row.
        jsonl_max_bytes: Once the file is longer, rename it and begin a new one. By default, it grows forever.

    Raises:
        ValueError, TypeError: An option is not a path or a size. A tracker raises `OptionError` instead.
    """

    jsonl: str | os.PathLike[str] | None = None
    jsonl_max_bytes: int | None = None

    def __post_init__(self) -> None:
        """Check the options."""
        if self.jsonl is None:
            raise ValueError("jsonl_max_bytes= limits the size of a JSONL file. Set jsonl= too.")
        writable_file("jsonl", self.jsonl)
        if self.jsonl_max_bytes is not None and integer("jsonl_max_bytes", self.jsonl_max_bytes) < 1:
            raise ValueError(f"jsonl_max_bytes={self.jsonl_max_bytes!r}: use at least 1 byte.")


def _open_logs(options: LogsOptions | None, context: Context) -> Sink:
    from xetrack_sinks.logs import LogSink

    return LogSink(options or LogsOptions(), str(context.track_id))


def _open_jsonl(options: JsonlOptions, _: Context) -> Sink:
    from xetrack_sinks.jsonl import JsonlSink

    return JsonlSink(os.fspath(options.jsonl or ""), options.jsonl_max_bytes)


def _read_logs(path: Path, limit: int | None = None) -> "pd.DataFrame":
    from xetrack_sinks.readers import read_logs

    return read_logs(path, limit)


def _read_jsonl(path: Path) -> "pd.DataFrame":
    from xetrack_sinks.readers import read_jsonl

    return read_jsonl(path)


@hookimpl
def xetrack_sinks() -> Sequence[Provider[Any]]:
    """Return the sinks "logs" and "jsonl"."""
    return [
        Provider("logs", _open_logs, LogsOptions, _read_logs),
        Provider("jsonl", _open_jsonl, JsonlOptions, _read_jsonl),
    ]
