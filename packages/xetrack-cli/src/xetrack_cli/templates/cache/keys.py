"""Keys of calls: equal for calls with the same result, different for all others."""

import hashlib
from collections.abc import Callable, Mapping
from types import CodeType, FunctionType
from typing import Any

__all__ = ["NoKeyError", "key_of"]


class NoKeyError(Exception):
    """A call cannot have a key, and is computed each time. The message says why."""


def key_of(function: Callable[..., Any], *parts: Any) -> str:
    """Return the key of calling a function whose result depends on `parts`. Raises `NoKeyError`.

    Other inputs of the function, such as files and global variables, are not part of the key.
    """
    return hashlib.sha256(repr((_function(function), *map(_unambiguous, parts))).encode()).hexdigest()


def _function(function: Callable[..., Any]) -> Any:
    """Describe a function by its code, so that an edited function has other keys."""
    if not isinstance(function, FunctionType):
        raise NoKeyError(f"{function!r} is not a plain function")
    if function.__closure__:
        raise NoKeyError(f"{function.__qualname__} is a closure")
    defaults = (function.__defaults__ or (), function.__kwdefaults__ or {})
    return (function.__module__, function.__qualname__, _code(function.__code__), _unambiguous(defaults))


def _code(code: CodeType) -> Any:
    return (code.co_code, code.co_names, code.co_varnames, [_constant(each) for each in code.co_consts])


def _constant(value: Any) -> Any:
    if isinstance(value, CodeType):
        return _code(value)
    if isinstance(value, frozenset):  # the order differs between processes
        return sorted(map(repr, value))
    return repr(value)


def _unambiguous(value: Any) -> Any:
    """Convert a value to a form with an unambiguous repr: those of 1, 1.0 and True differ."""
    kind = type(value)
    if kind in {type(None), bool, float, str, bytes}:
        return (kind.__name__, value)
    if kind is int:
        return ("int", hex(value))  # repr raises beyond 4,300 digits
    if kind in {list, tuple}:
        return (kind.__name__, [_unambiguous(each) for each in value])
    if isinstance(value, Mapping) and kind.__name__ in {"dict", "mappingproxy"}:
        return ("dict", sorted((repr(_unambiguous(key)), _unambiguous(item)) for key, item in value.items()))
    raise NoKeyError(f"values of type {kind.__module__}.{kind.__qualname__} are not supported")
