"""Describe a call: the name of its function, its arguments as text, and the fields of config arguments."""

import inspect
import reprlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from xetrack._rows.configs import fields_of, is_config
from xetrack._util.text import safe_text

__all__ = ["MAX_TEXT", "as_text", "bounded", "described", "name_of", "text_of", "unpack_arguments"]

MAX_TEXT = 10_000
"""Maximum number of characters for the arguments of a call."""

_SHORT = frozenset({type(None), bool, int, float})
_QUICK = _SHORT | {str, list, tuple, dict}


class _ShortRepr(reprlib.Repr):
    """A repr of bounded length and cost: nested containers show their first items only."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = self.maxfrozenset = self.maxdeque = 100
        self.maxstring = self.maxother = self.maxlong = 1000
        self.maxlevel = 8
        self._budget = 0

    def repr(self, x: Any) -> str:
        """Return the short repr of `x`."""
        self._budget = 1000
        return self.repr1(x, self.maxlevel)

    def repr1(self, x: Any, level: int) -> str:
        """Return the short repr of a part, or an ellipsis after a thousand parts."""
        self._budget -= 1
        return super().repr1(x, level) if self._budget > 0 else self.fillvalue


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a callable: of the function, of the one that a `partial` wraps, or of the object's class."""
    while isinstance(function, partial):
        function = function.func
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) else type(function).__name__


def text_of(value: object) -> str:
    """Return the repr of `value`, each part cut to about a thousand characters; a placeholder if the repr fails."""
    if type(value) in _SHORT:
        with suppress(ValueError):  # an integer of thousands of digits
            return repr(value)
    return safe_text(value, _ShortRepr().repr)


def bounded(text: str) -> str:
    """Return the text, cut to `MAX_TEXT` characters."""
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


def as_text(key: object) -> str:
    """Return text as it is, and the short repr of anything else."""
    return safe_text(key, str if isinstance(key, str) else _ShortRepr().repr)


def described(error: BaseException | None) -> str:
    """Return type and message of an error, or "" for None."""
    if error is None:
        return ""
    name, text = type(error).__name__, safe_text(error, str)
    return bounded(f"{name}: {text}" if text else name)


def unpack_arguments(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of config arguments, flattened: `config_optimizer_lr` for `config.optimizer.lr`.

    Dicts are data, not configs, and stay whole.
    """
    if _QUICK.issuperset(map(type, (*args, *kwargs.values()))):
        return {}
    if not any(map(_is_config, (*args, *kwargs.values()))):
        return {}
    try:
        named = inspect.signature(function).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):  # a call that does not fit, or a builtin without a signature
        named = {f"arg{index}": value for index, value in enumerate(args)} | dict(kwargs)
    found: dict[str, Any] = {}
    for name, value in named.items():
        if _is_config(value):
            _flatten(str(name), value, (), found)
    return found


def _is_config(value: object) -> bool:
    return type(value) not in _QUICK and is_config(type(value))


def _flatten(name: str, value: Any, path: tuple[int, ...], found: dict[str, Any]) -> None:
    fields = fields_of(value) if _is_config(value) else None
    if fields is None or not fields:
        while name in found:  # `config.a_b` and `config.a.b`
            name = f"{name}_"
        found[name] = value
    elif id(value) in path:
        found[name] = text_of(value)
    else:
        for key, item in fields.items():
            _flatten(f"{name}_{as_text(key)}", item, (*path, id(value)), found)
