"""Changes as JSON: the name of an engine's method, and its arguments."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from xetrack.plugin import BigInt, Json, Run, SurrogateText

__all__ = ["decode_calls", "encode_call"]

_CHANGES = {"append", "merge", "update", "delete", "drop", "save_run", "finish_run"}


def encode_call(name: str, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> str:
    """Encode a call as JSON. Types that JSON lacks become objects whose only key names the type."""
    return json.dumps([name, [_encode(each) for each in arguments], _encode(keywords)])


def decode_calls(text: str) -> list[tuple[str, list[Any], dict[str, Any]]]:
    """Decode a JSON list of encoded calls. Raises `ValueError` for anything else."""
    changes = [(name, arguments, keywords) for name, arguments, keywords in json.loads(text, object_hook=_decode)]
    unknown = [name for name, _, _ in changes if name not in _CHANGES]
    if unknown:
        raise ValueError(f"unknown change {unknown[0]!r}")
    return changes


def _encode(value: Any) -> Any:
    if type(value) in _ENCODERS:
        kind, convert = _ENCODERS[type(value)]
        return {kind: convert(value)}
    if isinstance(value, Run):
        return {"run": _encode({field.name: getattr(value, field.name) for field in fields(value)})}
    if isinstance(value, Mapping):
        return {"dict": [[key, _encode(item)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_encode(item) for item in value]
    return value


def _decode(item: dict[str, Any]) -> Any:
    [(kind, value)] = item.items()
    return _DECODERS[kind](value)


_ENCODERS: dict[type, tuple[str, Callable[[Any], str]]] = {
    Json: ("json", str),
    BigInt: ("int", hex),
    SurrogateText: ("text", str),
    bytes: ("bytes", lambda value: base64.b64encode(value).decode()),
}

_DECODERS: dict[str, Callable[[Any], Any]] = {
    "json": Json,
    "int": lambda text: BigInt(text, 16),
    "text": SurrogateText,
    "bytes": base64.b64decode,
    "run": lambda values: Run(**values),
    "dict": dict,
}
