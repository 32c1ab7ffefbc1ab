"""Map a row to MLflow's metrics and tags, and keys to names that MLflow accepts."""

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
    """One value of a metric. `time` is in milliseconds since 1970."""

    name: str
    value: float
    time: int
    step: int


@dataclass
class Sorted:
    """The metrics and tags of some rows."""

    points: list[Point] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)


def sort(row: Mapping[str, Value], number: int, params: Mapping[str, str], step: str) -> Sorted:
    """Split a row: numbers and bools are metrics, everything else is a tag, whose last value counts.

    None and unchanged `params` are left out. `number` is the step of a row without one.
    """
    result = Sorted()
    time, at = milliseconds(str(row["timestamp"])), _step(row.get(step), number)
    for key, value in row.items():
        if key in _OWN or key == step or value is None:
            continue
        name = name_of(key)
        if params.get(name) == text_of(value):
            continue
        number_of = _number(value)
        if number_of is None:
            result.tags[name] = text_of(value)
        else:
            result.points.append(Point(name, number_of, time, at))
        if name != key:
            result.tags[f"xetrack.key.{name}"] = key
    return result


def _number(value: Value) -> float | None:
    """Return a number or bool as a float, or None for other values and for integers beyond floats."""
    try:
        return float(value) if isinstance(value, (int, float)) else None
    except OverflowError:
        return None


def _step(value: Value, number: int) -> int:
    """Return the step, if the value is a 64-bit integer, or else `number`."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and abs(value) < 2**63 else number


def name_of(key: str) -> str:
    """Return the key if MLflow accepts it as a name, or else a valid part of it with a unique digest."""
    plain = _REFUSED.sub("_", key)
    if plain == key and len(key) <= _LONGEST and _is_plain_path(key):
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:8]
    return "_".join([*filter(None, [plain.replace("/", "_").strip(". ")[: _LONGEST - 30]]), digest])


def _is_plain_path(key: str) -> bool:
    """MLflow rejects names that are not plain relative paths, such as `a//b` and `..`."""
    return posixpath.normpath(key) == key and key != "." and not key.startswith(("/", ".."))


def text_of(value: Any) -> str:
    """Return a value as valid UTF-8 text: lists and dicts as JSON, bytes as hexadecimal digits."""
    if isinstance(value, bytes):
        return value.hex()
    text = json.dumps(value) if isinstance(value, (list, dict)) else str(value)
    return text.encode("utf-8", "backslashreplace").decode()


def milliseconds(stamp: str) -> int:
    """Convert a row's local timestamp to milliseconds since 1970."""
    return int(datetime.fromisoformat(stamp).timestamp() * 1000)
