"""The key of a call: the same for calls whose results are the same, different for all others."""

import hashlib
from collections.abc import Callable, Mapping
from types import CodeType, FunctionType
from typing import Any

__all__ = ["NoKeyError", "key_of"]


class NoKeyError(Exception):
    """A call that no key can stand for; the message says why. It is computed each time."""


def key_of(function: Callable[..., Any], *parts: Any) -> str:
    """The key of calling a function where all else that its result depends on is in `parts`.

    What the function reads beside its arguments, a file or a global variable, is not seen. Raises `NoKeyError`.
    """
    return hashlib.sha256(repr((_function(function), *map(_told, parts))).encode()).hexdigest()


def _function(function: Callable[..., Any]) -> Any:
    """An edited function is another one."""
    if not isinstance(function, FunctionType):
        raise NoKeyError(f"{function!r} is no plain function")
    if function.__closure__:
        raise NoKeyError(f"{function.__qualname__} depends on variables around it")
    defaults = (function.__defaults__ or (), function.__kwdefaults__ or {})
    return (function.__module__, function.__qualname__, _code(function.__code__), _told(defaults))


def _code(code: CodeType) -> Any:
    return (code.co_code, code.co_names, code.co_varnames, [_constant(each) for each in code.co_consts])


def _constant(value: Any) -> Any:
    if isinstance(value, CodeType):
        return _code(value)
    if isinstance(value, frozenset):  # its order differs between processes
        return sorted(map(repr, value))
    return repr(value)


def _told(value: Any) -> Any:
    """A value in a form whose repr tells it from any other: 1, 1.0 and True have three."""
    kind = type(value)
    if kind in {type(None), bool, float, str, bytes}:
        return (kind.__name__, value)
    if kind is int:
        return ("int", hex(value))  # repr refuses those of more than 4,300 digits
    if kind in {list, tuple}:
        return (kind.__name__, [_told(each) for each in value])
    if isinstance(value, Mapping) and kind.__name__ in {"dict", "mappingproxy"}:
        return ("dict", sorted((repr(_told(key)), _told(item)) for key, item in value.items()))
    raise NoKeyError(f"{kind.__module__}.{kind.__qualname__} is a kind of value that it does not know")
