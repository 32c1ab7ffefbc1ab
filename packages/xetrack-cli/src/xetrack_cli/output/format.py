"""Values as text: for people, for CSV, for JSON."""

import base64
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["duration", "exact", "is_number", "json_line", "numeric", "shown", "spelt"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SHORT = 8  # characters, up to which every digit of a number is shown
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def is_number(value: object) -> bool:
    """Whether the value is a number; True and False are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def shown(value: Any) -> str:
    """A value for people, in one line: six digits, nothing for None, and nothing that a terminal would obey."""
    if value is None:
        return ""
    if isinstance(value, float):
        text = repr(value)
        return text if len(text) <= _SHORT else f"{value:.6g}"
    text = value if isinstance(value, str) else spelt(value)
    return _CONTROL.sub(lambda found: _NAMED.get(found[0], f"\\x{ord(found[0]):02x}"), text)


def spelt(value: Any) -> str:
    """A value with all its digits, as in a CSV file: lists and dicts as JSON, bytes in hex, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def exact(value: Any) -> Any:
    """A value as JSON can have it: NaN and infinities, for which it has no number, as null; bytes in base64."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {str(key): exact(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [exact(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def json_line(value: Any) -> str:
    """A value as JSON, in one line."""
    return json.dumps(exact(value), ensure_ascii=False)


def duration(seconds: float | None) -> str:
    """Format seconds for people: `310ms`, `4.25s`, `42s`, `3m 07s`, `2h 05m`, `3d 04h`."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    if seconds < 10:  # noqa: PLR2004 - from here on nobody asks for parts of a second
        return f"{seconds:.2f}s"
    whole = round(seconds)
    for name, size, smaller, part in (("d", 86400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if whole >= size:
            return f"{whole // size}{name} {whole % size // part:02d}{smaller}"
    return f"{whole}s"


def numeric(rows: Sequence[Mapping[str, Any]], key: str) -> bool:
    """Whether a column holds nothing but numbers."""
    values = [value for row in rows if (value := row.get(key)) is not None]
    return bool(values) and all(map(is_number, values))
