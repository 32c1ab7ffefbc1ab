"""A call in words: its function's name, its arguments as text of bounded length, and the fields that they have."""

import inspect
import reprlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

from xetrack.values import safe_text

__all__ = ["MAX_TEXT", "as_text", "bounded", "described", "name_of", "text_of", "unpack_arguments"]

MAX_TEXT = 10_000
"""The most characters that the text of a call's arguments may have."""

_QUICK = frozenset({type(None), bool, int, float})


class _ShortRepr(reprlib.Repr):
    """A repr of bounded length and work: of nested containers, a few items each."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = self.maxfrozenset = self.maxdeque = 100
        self.maxstring = self.maxother = self.maxlong = 1000
        self.maxlevel = 8
        self._budget = 0

    def repr(self, x: Any) -> str:
        """The short repr of `x`."""
        self._budget = 1000
        return self.repr1(x, self.maxlevel)

    def repr1(self, x: Any, level: int) -> str:
        """The short repr of a part of it; an ellipsis once a thousand parts were spelt."""
        self._budget -= 1
        return super().repr1(x, level) if self._budget > 0 else self.fillvalue


def name_of(function: Callable[..., Any]) -> str:
    """The name of anything callable: its own, that of what a `partial` wraps, or that of an object's class."""
    while isinstance(function, partial):
        function = function.func
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) else type(function).__name__


def text_of(value: object) -> str:
    """The repr of `value`, at most about a thousand characters of each part; of its type, if its repr fails."""
    return safe_text(value, _ShortRepr().repr if type(value) not in _QUICK else repr)


def bounded(text: str) -> str:
    """The text, cut to `MAX_TEXT` characters."""
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


def as_text(key: object) -> str:
    """A text as it is; of anything else, its short repr."""
    return safe_text(key, str if isinstance(key, str) else _ShortRepr().repr)


def described(error: BaseException | None) -> str:
    """The type and the message of an error; "" for none."""
    if error is None:
        return ""
    name, text = type(error).__name__, safe_text(error, str)
    return bounded(f"{name}: {text}" if text else name)


def unpack_arguments(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of dataclass and pydantic arguments, as `<parameter>_<field>`."""
    if not any(map(_has_fields, (*args, *kwargs.values()))):
        return {}
    try:
        named = inspect.signature(function).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):  # a call that does not fit, or a builtin without a signature
        named = {f"arg{index}": value for index, value in enumerate(args)} | dict(kwargs)
    found: dict[str, Any] = {}
    for name, value in named.items():
        if _has_fields(value):
            found |= {f"{name}_{key}": item for key, item in _fields_of(value).items()}
    return found


def _has_fields(value: object) -> bool:
    kind = type(value)
    return kind not in _QUICK and (
        is_dataclass(kind) or (hasattr(kind, "model_fields") and hasattr(kind, "model_dump"))
    )


def _fields_of(value: Any, path: tuple[int, ...] = ()) -> dict[str, Any]:
    names = [each.name for each in fields(value)] if is_dataclass(value) else list(type(value).model_fields)
    found = {name: getattr(value, name) for name in names if hasattr(value, name)}
    return {name: _nested(item, (*path, id(value))) for name, item in found.items()}


def _nested(value: Any, path: tuple[int, ...]) -> Any:
    """A field that has fields of its own as a dict, unless it lies within itself."""
    if not _has_fields(value):
        return value
    return text_of(value) if id(value) in path else _fields_of(value, path)
