"""Functions and other callables as parts of a key: their names, and what they do."""

import sys
import threading
from functools import partial
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    CodeType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any, NamedTuple

from xetrack import Tracker
from xetrack_cache.bytecode import is_read, uses_docstring, variable_uses
from xetrack_cache.encoder import Encoder, encodes
from xetrack_cache.names import find, full_name, goes_by_name, is_library, module_of

__all__ = ["encode_callable", "encode_function"]

_HAS_DOCSTRING = 0x4000000  # a code flag of Python 3.14; before, the first constant is a docstring if it is text
_MAX_KNOWN = 1024
_PLAIN = frozenset({type(None), bool, int, float, str, bytes})
_BUILTINS = (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    MethodDescriptorType,
    MethodWrapperType,
    WrapperDescriptorType,
)
_SYNCHRONIZATION = (
    type(threading.Lock()),
    type(threading.RLock()),
    threading.Barrier,
    threading.Condition,
    threading.Event,
    threading.Semaphore,
)


class _Known(NamedTuple):
    """What is known of functions that share their code and name."""

    code: CodeType
    qualname: str
    module: str
    version: str
    name: str
    head: bytes  # the name and the digest of the code, encoded
    defaults: tuple[Any, ...] | None
    tail: bytes | None  # these defaults, encoded, for functions without anything else; None if they may change
    in_library: bool
    uses: tuple[frozenset[str], ...]  # of each variable of the closure


_known: dict[int, _Known] = {}
"""By the id of the code object, which is referenced here so that its id is not reused."""


@encodes(FunctionType)
def encode_function(encoder: Encoder, function: FunctionType, version: str = "code") -> str:
    """Add a function written in Python: name, code, defaults and closure. Return its name."""
    known = _known.get(id(function.__code__))
    if (
        known is None
        or known.code is not function.__code__
        or known.qualname is not function.__qualname__
        or known.module is not function.__module__
        or known.version != version
    ):
        known = _learn(function, version)
    encoder.parts.append(known.head)
    unchanged = function.__defaults__ is known.defaults and not (function.__closure__ or function.__kwdefaults__)
    if known.in_library and find(function) is function:  # defaults and closure are its library's business
        encoder.parts.append(b"n")
    elif unchanged and known.tail is not None:
        encoder.parts.append(known.tail)
    else:
        encoder.within(function, _encode_bound, encoder, function, known.uses)
    return known.name


def _learn(function: FunctionType, version: str) -> _Known:
    name, code, defaults = full_name(function), function.__code__, function.__defaults__
    text = name.encode("utf-8", "surrogatepass")
    head = b"F%d:%b" % (len(text), text)
    if version == "code" or function.__name__ == "<lambda>":  # lambdas of a module have no name to go by
        head += b"c" + _code_digest(code, is_function=True)
    else:
        text = version.encode("utf-8", "surrogatepass")
        head += b"v%d:%b" % (len(text), text)
    tail: bytes | None = b"n"
    if defaults:
        tail = _encode_plain(defaults) if _PLAIN.issuperset(map(type, defaults)) else None
    known = _Known(
        code,
        function.__qualname__,
        function.__module__,
        version,
        name,
        head,
        defaults,
        tail,
        is_library(module_of(function)),
        tuple(variable_uses(code, variable) for variable in code.co_freevars),
    )
    if len(_known) >= _MAX_KNOWN:
        _known.clear()
    _known[id(code)] = known
    return known


def _encode_plain(defaults: tuple[Any, ...]) -> bytes:
    encoder = Encoder(content=False)
    encoder.parts.clear()
    encoder.children(b"(", defaults)
    encoder.pairs(b"k", ())
    return b"".join(encoder.parts)


def _encode_bound(encoder: Encoder, function: FunctionType, uses: tuple[frozenset[str], ...]) -> None:
    """Add the values that a function was made with."""
    encoder.children(b"(", function.__defaults__ or ())
    encoder.pairs(b"k", sorted((function.__kwdefaults__ or {}).items()))
    for each, cell in zip(uses, function.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:  # not assigned yet
            encoder.parts.append(b"_")
            continue
        if isinstance(value, (Tracker, *_SYNCHRONIZATION)):  # trackers and locks do not change what a function returns
            encoder.text(b"N", full_name(type(value)))
        elif is_read(each, value):
            encoder.encode(value)
        else:
            encoder.parts.append(b"-")


def _code_digest(code: CodeType, *, is_function: bool = False) -> bytes:
    """Return a digest of what code does: without its file and lines, and without the docstring of a whole function."""
    consts: list[Any] = list(code.co_consts)
    if is_function and consts and type(consts[0]) is str and not uses_docstring(code) and _may_have_docstring(code):
        consts[0] = None
    encoder = Encoder(content=True)
    encoder.children(b"(", [const for const in consts if not isinstance(const, CodeType)])
    for const in consts:
        if isinstance(const, CodeType):
            encoder.text(b"F", const.co_name)
            encoder.parts.append(_code_digest(const))
        else:
            encoder.parts.append(b"-")
    encoder.children(b"(", (code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars))
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & ~_HAS_DOCSTRING)
    encoder.children(b"(", (*counts, code.co_exceptiontable))
    return bytes.fromhex(encoder.digest())


def _may_have_docstring(code: CodeType) -> bool:
    return sys.version_info < (3, 14) or bool(code.co_flags & _HAS_DOCSTRING)


# Other callables


def encode_callable(encoder: Encoder, function: Any, version: str = "code") -> str:
    """Add a callable of any kind. Return its name."""
    if isinstance(function, FunctionType):
        return encode_function(encoder, function, version)
    if isinstance(function, type):
        encoder.encode(function)
        return full_name(function)
    if isinstance(function, partial):
        return _encode_partial(encoder, function, version)
    if isinstance(function, MethodType):
        encoder.parts.append(b"M")
        encoder.encode(function.__self__)  # an argument like any other
        return encode_callable(encoder, function.__func__, version)
    if isinstance(function, _BUILTINS) or goes_by_name(function):
        return _encode_builtin(encoder, function)
    return _encode_object(encoder, function, version)


@encodes(partial)
def _encode_partial(encoder: Encoder, function: "partial[Any]", version: str = "code") -> str:
    encoder.parts.append(b"P")
    name = encode_callable(encoder, function.func, version)
    encoder.children(b"(", function.args)
    encoder.pairs(b"k", function.keywords.items())
    return name


@encodes(*_BUILTINS)
def _encode_builtin(encoder: Encoder, function: Any) -> str:
    """Add what is not written in Python: its name, and what it is bound to."""
    name = full_name(function)
    owner = getattr(function, "__self__", None)
    if owner is None or isinstance(owner, ModuleType):
        encoder.text(b"N", name)
    else:
        encoder.text(b"O", name)
        encoder.encode(owner)
    return name


def _encode_object(encoder: Encoder, function: Any, version: str) -> str:
    """Add an object that can be called.

    One that wraps a function is looked into even if it is found by name, so that an edit of the function is noticed.
    """
    name = full_name(type(function))
    call = type(function).__call__
    if type(call) is not FunctionType:
        if hasattr(function, "__wrapped__"):  # functools.lru_cache, and others that are not written in Python
            encoder.text(b"W", name)
            return encode_callable(encoder, function.__wrapped__, version)
        if find(function) is function:  # of an extension module
            return _encode_builtin(encoder, function)
    encoder.parts.append(b"A")
    encoder.encode(function)
    encode_callable(encoder, call)
    return name


encodes(MethodType)(encode_callable)


@encodes(ModuleType)
def _encode_module(encoder: Encoder, module: ModuleType) -> None:
    encoder.text(b"L", module.__name__)
