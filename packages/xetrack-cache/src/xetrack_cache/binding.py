"""Bind the arguments of a call to the function's parameters, as Python does.

`inspect.signature` is not used: it is slow, and it follows `__wrapped__` to a function that the decorator may call with
other arguments. The code object has all that is needed.
"""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any, Final, NamedTuple, TypeAlias

from xetrack_cache.encoder import Encoder, encodes

__all__ = ["bind"]

_MAX_KNOWN = 1024
_ALWAYS_ENCODABLE = frozenset({type(None), bool, int, float, str})
_PLACEHOLDER: Final[object] = getattr(functools, "Placeholder", object())  # of a partial, from Python 3.14
_NOTHING: Final[Mapping[str, Any]] = {}

Bound: TypeAlias = tuple[FunctionType, bytes, Sequence[Any], Sequence[Any], Mapping[str, Any]]
"""A call as its function sees it: the function, its parameters' names (encoded), a value for each of them, and what
`*args` and `**kwargs` take, in the order given."""


class _Default:
    """A value that the call leaves to the function's default."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


@encodes(_Default)
def _encode_default(encoder: Encoder, default: _Default) -> None:
    """Add a default value, which need not be hashable.

    Only a library's default can be without an encoding, and libraries' functions go by name: there, `-` is enough.
    """
    encoder.inside += 1
    try:
        encoder.or_dash(default.value)
    finally:
        encoder.inside -= 1


class _Parameters(NamedTuple):
    """The parameters that a code object declares."""

    code: CodeType
    head: bytes  # the names, encoded
    names: tuple[str, ...]
    keywords: frozenset[str]  # names that can be given by keyword
    positional: int  # how many of the names can be given by position
    takes_args: bool
    takes_kwargs: bool


_known: dict[int, _Parameters] = {}
"""By the id of the code object, which is referenced here so that its id is not reused."""


def bind(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound | None:
    """Bind the arguments of a call.

    Partials, bound methods and callable objects are taken apart first: a method is a function whose first argument is
    the object.

    Returns:
        The bound call, or None if the function is not written in Python or does not take these arguments.
    """
    while type(function) is not FunctionType:
        found = _taken_apart(function, args, kwargs)
        if found is None:
            return None
        function, args, kwargs = found
    code = function.__code__
    known = _known.get(id(code))
    if known is None or known.code is not code:
        known = _learn(code)
    if len(args) == known.positional == len(known.names) and not kwargs:  # the common call
        return function, known.head, args, (), _NOTHING
    if len(args) > known.positional and not known.takes_args:
        return None
    rest = dict(kwargs)
    values = _fill(known, function, args, rest)
    if values is None or (rest and not (known.takes_kwargs and known.keywords.isdisjoint(rest))):
        return None
    return function, known.head, values, args[known.positional :], rest


def _taken_apart(
    function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[Any, Sequence[Any], Mapping[str, Any]] | None:
    """Return the same call of what a partial, a bound method or a callable object passes it on to."""
    kind = type(function)
    if kind is MethodType:
        return function.__func__, (function.__self__, *args), kwargs
    if kind is partial:
        if any(each is _PLACEHOLDER for each in function.args):
            return None
        return function.func, (*function.args, *args), {**function.keywords, **kwargs}
    call = inspect.getattr_static(kind, "__call__", None)  # as declared: a static method takes no self
    return (call, (function, *args), kwargs) if type(call) is FunctionType and not isinstance(function, type) else None


def _fill(known: _Parameters, function: FunctionType, args: Sequence[Any], rest: dict[str, Any]) -> list[Any] | None:
    """Return a value for each parameter, taking those given by keyword out of `rest`; None if one is missing."""
    values = list(args[: known.positional])
    defaults, keyword_defaults = function.__defaults__ or (), function.__kwdefaults__ or _NOTHING
    first_default = known.positional - len(defaults)
    for place in range(len(values), len(known.names)):
        name = known.names[place]
        if name in rest and name in known.keywords:
            values.append(rest.pop(name))
            continue
        if first_default <= place < known.positional:
            value = defaults[place - first_default]
        elif place >= known.positional and name in keyword_defaults:
            value = keyword_defaults[name]
        else:
            return None
        values.append(value if type(value) in _ALWAYS_ENCODABLE else _Default(value))
    return values


def _learn(code: CodeType) -> _Parameters:
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    encoded = [name.encode("utf-8", "surrogatepass") for name in names]
    known = _Parameters(
        code,
        b"g%d:" % len(names) + b"".join(b"s%d:%b" % (len(each), each) for each in encoded),
        names,
        frozenset(names[code.co_posonlyargcount :]),
        code.co_argcount,
        bool(code.co_flags & inspect.CO_VARARGS),
        bool(code.co_flags & inspect.CO_VARKEYWORDS),
    )
    if len(_known) >= _MAX_KNOWN:
        _known.clear()
    _known[id(code)] = known
    return known
