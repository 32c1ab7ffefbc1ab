"""Encode a change as JSON: the name of an engine method, and its arguments."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from xetrack.plugin import BigInt, Json, Run, SurrogateText

__all__ = ["decoded", "encoded"]

_CHANGES = {"append", "merge", "update", "delete", "drop", "save_run", "finish_run"}


def encoded(name: str, arguments: Sequence[Any], chosen: Mapping[str, Any]) -> str:
    """Encode a call as a line of JSON. A value that JSON lacks becomes an object whose one key is its type."""
    return json.dumps([name, [_told(each) for each in arguments], _told(chosen)])


def decoded(text: str) -> list[tuple[str, list[Any], dict[str, Any]]]:
    """Decode a JSON list of encoded calls. Raises `ValueError` for anything else."""
    changes = [(name, arguments, chosen) for name, arguments, chosen in json.loads(text, object_hook=_again)]
    unknown = [name for name, _, _ in changes if name not in _CHANGES]
    if unknown:
        raise ValueError(f"unknown change {unknown[0]!r}")
    return changes


def _told(value: Any) -> Any:
    if type(value) in _KINDS:
        kind, convert = _KINDS[type(value)]
        return {kind: convert(value)}
    if isinstance(value, Run):
        return {"run": _told({field.name: getattr(value, field.name) for field in fields(value)})}
    if isinstance(value, Mapping):
        return {"dict": [[key, _told(item)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_told(item) for item in value]
    return value


def _again(told: dict[str, Any]) -> Any:
    [(kind, value)] = told.items()
    return _AGAIN[kind](value)


_KINDS: dict[type, tuple[str, Callable[[Any], str]]] = {
    Json: ("json", str),
    BigInt: ("int", hex),
    SurrogateText: ("text", str),
    bytes: ("bytes", lambda value: base64.b64encode(value).decode()),
}

_AGAIN: dict[str, Callable[[Any], Any]] = {
    "json": Json,
    "int": lambda text: BigInt(text, 16),
    "text": SurrogateText,
    "bytes": base64.b64decode,
    "run": lambda kept: Run(**kept),
    "dict": dict,
}
