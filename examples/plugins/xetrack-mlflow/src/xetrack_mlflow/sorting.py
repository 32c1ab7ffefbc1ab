"""What of a row is a param, a metric or a tag in MLflow, and under which name."""

import hashlib
import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from xetrack.plugin import Value

__all__ = ["Point", "Sorted", "milliseconds", "name_of", "sort", "text_of"]

_OWN = ("timestamp", "track_id")
_LONGEST = 250  # characters of a name
_REFUSED = re.compile(r"[^/\w.\- ]")


class Point(NamedTuple):
    """One value of a metric; the time is in milliseconds since 1970."""

    name: str
    value: float
    time: int
    step: int


@dataclass
class Sorted:
    """What to tell MLflow of some rows."""

    points: list[Point] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)


def sort(row: Mapping[str, Value], number: int, params: Mapping[str, str], step: str) -> Sorted:
    """Numbers and bools are metrics, as they may change from row to row; everything else is a tag, whose last value counts.

    What a row has of `params` unchanged is left out, and so is None. `number` is the step of rows that have none.
    """
    told = Sorted()
    time, at = milliseconds(str(row["timestamp"])), _step(row.get(step), number)
    for key, value in row.items():
        if key in _OWN or key == step or value is None:
            continue
        name = name_of(key)
        if params.get(name) == text_of(value):
            continue
        number_of = _number(value)
        if number_of is None:
            told.tags[name] = text_of(value)
        else:
            told.points.append(Point(name, number_of, time, at))
        if name != key:
            told.tags[f"xetrack.key.{name}"] = key
    return told


def _number(value: Value) -> float | None:
    """A number or bool as a metric; None for anything else, and for an integer that no float can hold."""
    try:
        return float(value) if isinstance(value, (int, float)) else None
    except OverflowError:
        return None


def _step(value: Value, number: int) -> int:
    """A step is a whole number of 64 bits."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and abs(value) < 2**63 else number


def name_of(key: str) -> str:
    """A key, if MLflow takes it as a name; if not, as much of it as it takes, and a digest that keeps it from others."""
    plain = _REFUSED.sub("_", key)
    if plain == key and len(key) <= _LONGEST and _is_plain_path(key):
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:8]
    return "_".join([*filter(None, [plain.replace("/", "_").strip(". ")[: _LONGEST - 30]]), digest])


def _is_plain_path(key: str) -> bool:
    """MLflow refuses names that are not files of their own, such as `a//b` and `..`."""
    return posixpath.normpath(key) == key and key != "." and not key.startswith(("/", ".."))


def text_of(value: Any) -> str:
    """A value as text that UTF-8 can encode: of lists and dicts, JSON, and of bytes, hexadecimal digits."""
    if isinstance(value, bytes):
        return value.hex()
    text = json.dumps(value) if isinstance(value, (list, dict)) else str(value)
    return text.encode("utf-8", "backslashreplace").decode()


def milliseconds(stamp: str) -> int:
    """The time of a row, which is local, in milliseconds since 1970."""
    return int(datetime.fromisoformat(stamp).timestamp() * 1000)
