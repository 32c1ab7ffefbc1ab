"""Bind the arguments of a call to the function's parameters, as Python does.

`inspect.signature` is not used: it is slow, and it follows `__wrapped__` to a function that the decorator may call with
other arguments. The code object tells what is needed, and only of functions written in Python.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any, Final, NamedTuple, TypeAlias

__all__ = ["Default", "bind"]

_VARARGS = 0x04
_VARKEYWORDS = 0x08
_MAX_KNOWN = 1024
_ALWAYS_ENCODABLE = frozenset({type(None), bool, int, float, str})
_PLACEHOLDER: Final[object] = getattr(functools, "Placeholder", object())  # of a partial, from Python 3.14


class Default:
    """A value that the call leaves to the function's default."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


Bound: TypeAlias = tuple[Callable[..., Any], bytes, Sequence[Any], Sequence[Any], Mapping[str, Any]]
"""A call as its function sees it: what is called once partials are taken apart, the parameters' names encoded, a value
for each of them, and what `*args` and `**kwargs` take, in the order given."""


class _Parameters(NamedTuple):
    """The parameters that a code object declares."""

    code: CodeType
    head: bytes
    names: tuple[str, ...]
    keywords: frozenset[str]  # names that can be given by keyword
    positional: int  # how many of the names can be given by position
    takes_args: bool
    takes_kwargs: bool


_known: tuple[dict[int, _Parameters], dict[int, _Parameters]] = ({}, {})
"""Parameters of functions and of bound methods, by the id of their code, which is kept so that the id stays its own."""

_NOTHING: Mapping[str, Any] = {}


def bind(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound | None:
    """Return the call with its arguments bound, or None if its signature is unknown or does not fit."""
    while type(function) is partial and not any(each is _PLACEHOLDER for each in function.args):
        args, kwargs = (*function.args, *args), {**function.keywords, **kwargs}
        function = function.func
    target, bound_to = _target(function)
    if target is None:
        return None
    code = target.__code__
    known = _known[bound_to].get(id(code))
    if known is None or known.code is not code:
        known = _learn(code, bound_to)
    positional = known.positional
    if len(args) == len(known.names) == positional and not kwargs:  # the common call
        return function, known.head, args, (), _NOTHING
    if len(args) > positional and not known.takes_args:
        return None
    values = list(args[:positional])
    used = _fill(values, known, target, kwargs)
    if used is None:
        return None
    rest = _rest(known, kwargs, used) if used < len(kwargs) else _NOTHING
    return None if rest is None else (function, known.head, values, args[positional:], rest)


def _target(function: Any) -> tuple[FunctionType | None, int]:
    """The function written in Python that a call of `function` runs, and the number of arguments added in front."""
    if type(function) is FunctionType:
        return function, 0
    if type(function) is MethodType:
        target: Any = function.__func__
    else:  # as declared, without binding: a static method takes no self
        declared = (each.__dict__["__call__"] for each in type(function).__mro__ if "__call__" in each.__dict__)
        target = next(declared, None)
    return (target, 1) if type(target) is FunctionType else (None, 1)


def _fill(values: list[Any], known: _Parameters, target: FunctionType, kwargs: Mapping[str, Any]) -> int | None:
    """Append the values of the other parameters. Return how many keywords were used; None if a value is missing."""
    defaults, more = target.__defaults__ or (), target.__kwdefaults__ or _NOTHING
    first_default = known.positional - len(defaults)
    used = 0
    for place in range(len(values), len(known.names)):
        name = known.names[place]
        if name in kwargs and name in known.keywords:
            values.append(kwargs[name])
            used += 1
        elif first_default <= place < known.positional:
            values.append(_default(defaults[place - first_default]))
        elif place >= known.positional and name in more:
            values.append(_default(more[name]))
        else:
            return None
    return used


def _default(value: Any) -> Any:
    return value if type(value) in _ALWAYS_ENCODABLE else Default(value)


def _rest(known: _Parameters, kwargs: Mapping[str, Any], used: int) -> Mapping[str, Any] | None:
    """What `**kwargs` takes; None if there is no such parameter, or if an argument is given twice."""
    rest = {name: value for name, value in kwargs.items() if name not in known.keywords}
    return rest if known.takes_kwargs and len(rest) + used == len(kwargs) else None


def _learn(code: CodeType, bound_to: int) -> _Parameters:
    skipped = min(bound_to, code.co_argcount)  # 0 if *args takes what a method is bound to
    names = code.co_varnames[skipped : code.co_argcount + code.co_kwonlyargcount]
    only = max(code.co_posonlyargcount - skipped, 0)
    encoded = [name.encode("utf-8", "surrogatepass") for name in names]
    known = _Parameters(
        code,
        b"g%d:" % len(names) + b"".join(b"s%d:%b" % (len(each), each) for each in encoded),
        names,
        frozenset(names[only:]),
        code.co_argcount - skipped,
        bool(code.co_flags & _VARARGS),
        bool(code.co_flags & _VARKEYWORDS),
    )
    if len(_known[bound_to]) >= _MAX_KNOWN:
        _known[bound_to].clear()
    _known[bound_to][id(code)] = known
    return known
