"""The format of a line: how an event becomes one, and the patterns that find lines again.

Values are strict JSON. NaN and the infinities, which JSON lacks, are null; bytes are base64.
"""

import base64
import json
import os
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from xetrack.errors import OptionError
from xetrack.plugin import BigInt, Json, SurrogateText, Value

__all__ = [
    "DELIMITER",
    "EVENT_LEVELS",
    "FORMAT",
    "delimiter",
    "encode",
    "head",
    "headless",
    "local_time",
    "start",
]

DELIMITER = "!📁!"
"""Separates the head of a log line from its message; the environment variable `LOGS_DELIMITER` changes it."""

FORMAT = "{time:YYYY-MM-DD HH:mm:ss.SSS} | {level: <8} | {name}:{function}:{line}{message}"
"""loguru's format of a log line. Messages start with the delimiter: a format would interpret some characters in it."""

EVENT_LEVELS = {"MONITOR": 26, "TRACKING": 27, "EXPERIMENT": 28}
"""The levels whose messages are events, and their severity: between INFO (20) and WARNING (30)."""

_NO_JSON = re.compile("NaN|Infinity")


def delimiter() -> str:
    """Return the delimiter in force. Raises `OptionError` if it holds a newline."""
    chosen = os.environ.get("LOGS_DELIMITER") or DELIMITER
    if "\n" in chosen or "\r" in chosen:
        raise OptionError(f"LOGS_DELIMITER={chosen!r} contains a newline. Choose a delimiter without one.")
    return chosen


def local_time(time: datetime) -> str:
    """Return a time as log lines have it: `2026-01-31 12:00:00.123`."""
    return time.replace(tzinfo=None).isoformat(" ", "milliseconds")


def head(between: str) -> re.Pattern[bytes]:
    """Return a pattern for the start of an entry: a line up to its delimiter, or a record that loguru serialized.

    Byte order marks and NULs may precede it: files were joined, or a machine lost power.
    """
    return re.compile(rb"^(?:\xef\xbb\xbf|\0)*(?:" + start(between).pattern + rb'|(?=\{"text": ?"))', re.MULTILINE)


def start(between: str) -> re.Pattern[bytes]:
    """Return a pattern for a log line up to its delimiter, anywhere in a line."""
    return re.compile(rb"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+) \| (\S+) *\| [^\n]*?(?:" + _known(between) + rb")")


def headless(between: str) -> re.Pattern[bytes]:
    """Return a pattern for lines with the level of an event but without a delimiter: torn, or with another one."""
    levels = "|".join(EVENT_LEVELS).encode()
    began = rb"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \| (?:" + levels + rb") *\|"
    return re.compile(began + rb"(?![^\n]*(?:" + _known(between) + rb"))[^\n]*\n", re.MULTILINE)


def _known(between: str) -> bytes:
    """Return a pattern for the delimiters that are read."""
    return b"|".join(re.escape(each.encode()) for each in sorted({between, DELIMITER}))


def encode(event: Mapping[str, Value], *, pretty: bool = False) -> bytes:
    """Return an event as a JSON document, on one line or on one line per key."""
    option = orjson.OPT_PASSTHROUGH_SUBCLASS | (orjson.OPT_INDENT_2 if pretty else 0)
    try:
        return orjson.dumps(event, _default, option)
    except TypeError:  # a key of a subclass of str
        return orjson.dumps({str.__str__(key): value for key, value in event.items()}, _default, option)


def _default(value: object) -> Any:
    if isinstance(value, Json):
        return orjson.Fragment(_strict(value).encode())
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, BigInt):
        return orjson.Fragment(str(value).encode())
    if isinstance(value, SurrogateText):
        return orjson.Fragment(json.dumps(value).encode())
    raise TypeError(f"A row cannot hold a {type(value).__qualname__}.")


def _strict(text: str) -> str:
    """Return JSON text with null for NaN and the infinities, which Python writes as names."""
    if _NO_JSON.search(text) is None:
        return str.__str__(text)
    return json.dumps(json.loads(text, parse_constant=lambda _: None), ensure_ascii=False)
