"""Values as text: for people, for CSV and for JSON."""

import base64
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["display", "duration", "is_number", "is_numeric", "json_line", "plural", "to_text"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_SHORT = 8  # characters; longer floats are rounded to six digits


def display(value: Any) -> str:
    """Format a value for people, on one line.

    Floats have six digits, None is empty, and control characters are escaped, so a terminal obeys none of them.
    """
    if isinstance(value, float):
        text = repr(value)
        return text if len(text) <= _SHORT else f"{value:.6g}"
    return _CONTROL.sub(lambda found: _NAMED.get(found[0], f"\\x{ord(found[0]):02x}"), to_text(value))


def to_text(value: Any) -> str:
    """Format a value in full, as in a CSV file: lists and dicts as JSON, bytes in hex, None as nothing."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def json_line(value: Any) -> str:
    """Serialize a value as strict JSON on one line: NaN and infinities become null, bytes base64."""
    return json.dumps(_strict(value), ensure_ascii=False)


def _strict(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def is_number(value: object) -> bool:
    """Whether the value is a number. Booleans are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_numeric(rows: Sequence[Mapping[str, Any]], key: str) -> bool:
    """Whether a column holds numbers only."""
    values = [value for row in rows if (value := row.get(key)) is not None]
    return bool(values) and all(map(is_number, values))


def duration(seconds: float | None) -> str:
    """Format seconds for people: `310ms`, `4.25s`, `42s`, `3m 07s`, `2h 05m`, `3d 04h`."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    if seconds < 10:  # noqa: PLR2004 - fractions stop mattering here
        return f"{seconds:.2f}s"
    whole = round(seconds)
    for name, size, smaller, part in (("d", 86400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if whole >= size:
            return f"{whole // size}{name} {whole % size // part:02d}{smaller}"
    return f"{whole}s"


def plural(number: int, what: str) -> str:
    """Format a count, such as `1 row` or `2 rows`."""
    return f"{number} {what}{'' if number == 1 else 's'}"
