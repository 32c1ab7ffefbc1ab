"""Cache keys: equal for calls that must return the same, different for all others."""

import hashlib
from collections.abc import Callable, Mapping
from types import CodeType, FunctionType
from typing import Any

__all__ = ["NoKeyError", "key_of"]


class NoKeyError(Exception):
    """The call cannot be cached, for the reason in the message. It is computed each time."""


def key_of(function: Callable[..., Any], *parts: Any) -> str:
    """Return the key of calling a function; `parts` are what else its result depends on.

    Files and global variables that the function reads are not part of the key. Raises `NoKeyError`.
    """
    return hashlib.sha256(repr((_function(function), *map(_told, parts))).encode()).hexdigest()


def _function(function: Callable[..., Any]) -> Any:
    """Describe the code of a function, so that an edited function has another key."""
    if not isinstance(function, FunctionType):
        raise NoKeyError(f"{function!r} is not a plain function")
    if function.__closure__:
        raise NoKeyError(f"{function.__qualname__} depends on variables around it")
    defaults = (function.__defaults__ or (), function.__kwdefaults__ or {})
    return (function.__module__, function.__qualname__, _code(function.__code__), _told(defaults))


def _code(code: CodeType) -> Any:
    return (code.co_code, code.co_names, code.co_varnames, [_constant(each) for each in code.co_consts])


def _constant(value: Any) -> Any:
    if isinstance(value, CodeType):
        return _code(value)
    if isinstance(value, frozenset):  # iteration order differs between processes
        return sorted(map(repr, value))
    return repr(value)


def _told(value: Any) -> Any:
    """Return a form of a value whose repr is unique: 1, 1.0 and True have three."""
    kind = type(value)
    if kind in {type(None), bool, float, str, bytes}:
        return (kind.__name__, value)
    if kind is int:
        return ("int", hex(value))  # repr refuses those of more than 4,300 digits
    if kind in {list, tuple}:
        return (kind.__name__, [_told(each) for each in value])
    if isinstance(value, Mapping) and kind.__name__ in {"dict", "mappingproxy"}:
        return ("dict", sorted((repr(_told(key)), _told(item)) for key, item in value.items()))
    raise NoKeyError(f"{kind.__module__}.{kind.__qualname__} is not a supported type")
