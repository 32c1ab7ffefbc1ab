"""Functions and classes as parts of a key: what they are called, and what they do."""

import os
import sys
import sysconfig
import threading
from collections.abc import Iterator
from dataclasses import fields, make_dataclass
from functools import cached_property, lru_cache
from types import CodeType, FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import TYPE_CHECKING, Any, NamedTuple

from xetrack import Tracker
from xetrack_cache.effects import is_read, uses_docstring
from xetrack_cache.refusals import NotEncodableError

if TYPE_CHECKING:
    from xetrack_cache.keys import Encoder

__all__ = ["compared_fields", "encode_class", "encode_function", "find", "full_name"]

_HAS_DOCSTRING = 0x4000000  # a flag of Python 3.14; before, only a docstring is text at this place
_MAX_KNOWN = 1024


# Names


def module_of(value: Any) -> str:
    """The module that a function or class says it is from."""
    module = getattr(value, "__module__", None) or getattr(type(value), "__module__", None) or ""
    return "__main__" if module == "__mp_main__" else str(module)  # what a spawned process calls it


def full_name(value: Any) -> str:
    """`module.qualname`."""
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None) or type(value).__qualname__
    return f"{module_of(value)}.{name}"


def find(value: Any, name: str | None = None) -> Any:
    """What is found under the name of a function or class; None if nothing is."""
    name = name or getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    found: Any = sys.modules.get(getattr(value, "__module__", None) or "")
    for part in (name or "").split("."):
        found = getattr(found, part, None)
    return found


@lru_cache(maxsize=_MAX_KNOWN)
def _is_library(module: str) -> bool:
    """Whether a module was installed, rather than being part of what the user works on."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return module != "__main__" and module in {*sys.builtin_module_names, *sys.stdlib_module_names}
    paths = sysconfig.get_paths()
    homes = {os.path.realpath(paths[each]) for each in ("stdlib", "platstdlib", "purelib", "platlib")}
    return any(os.path.realpath(file).startswith(home + os.sep) for home in homes)


def _goes_by_name(value: Any) -> bool:
    module = module_of(value)
    return module == "builtins" or (_is_library(module) and find(value) is value)


# Functions


class _Head(NamedTuple):
    """The beginning of a function's encoding, and what it was true of."""

    function: FunctionType
    code: CodeType
    qualname: str
    module: str
    version: str
    name: str
    encoded: bytes
    by_name: bool  # its defaults and closure are its library's business


_known_functions: dict[int, _Head] = {}


def encode_function(encoder: "Encoder", function: FunctionType, version: str = "code") -> str:
    """Add a function written in Python: name, code, defaults and closure. Returns its name."""
    head = _known_functions.get(id(function))  # it is kept, so that no other function has this id
    if (
        head is None
        or head.code is not function.__code__
        or head.qualname is not function.__qualname__
        or head.module is not function.__module__
        or head.version != version
    ):
        head = _new_head(function, version)
    encoder.parts.append(head.encoded)
    if head.by_name or not (function.__closure__ or function.__defaults__ or function.__kwdefaults__):
        encoder.parts.append(b"n")
    else:
        encoder.within(function, lambda: _encode_bound(encoder, function))
    return head.name


def _new_head(function: FunctionType, version: str) -> _Head:
    name, code = full_name(function), function.__code__
    shown = name.encode("utf-8", "surrogatepass")
    encoded = b"F%d:%b" % (len(shown), shown)
    if version == "code" or function.__name__ == "<lambda>":  # lambdas of a module have no name to go by
        encoded += b"c" + _code_digest(code, is_function=True)
    else:
        told = version.encode("utf-8", "surrogatepass")
        encoded += b"v%d:%b" % (len(told), told)
    head = _Head(
        function, code, function.__qualname__, function.__module__, version, name, encoded, _goes_by_name(function)
    )
    if function.__closure__ is None:  # others are made again and again, and hold what may be large
        if len(_known_functions) >= _MAX_KNOWN:
            _known_functions.clear()
        _known_functions[id(function)] = head
    return head


def _encode_bound(encoder: "Encoder", function: FunctionType) -> None:
    """Add the values that a function was made with."""
    encoder.children(b"(", function.__defaults__ or ())
    encoder.pairs(b"k", sorted((function.__kwdefaults__ or {}).items()))
    code = function.__code__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        _encode_cell(encoder, code, name, cell)


def _encode_cell(encoder: "Encoder", code: CodeType, name: str, cell: Any) -> None:
    """Add a variable of a closure, as far as the function can tell what is in there."""
    try:
        value = cell.cell_contents
    except ValueError:  # nothing yet
        encoder.parts.append(b"_")
        return
    if isinstance(value, (Tracker, *_WAITED_FOR)):  # what tracks or delays a function has no say in what it returns
        encoder.text(b"N", full_name(type(value)))
    elif is_read(code, name, value):
        encoder.encode(value)
    else:
        encoder.parts.append(b"-")


_WAITED_FOR = (
    type(threading.Lock()),
    type(threading.RLock()),
    threading.Barrier,
    threading.Condition,
    threading.Event,
    threading.Semaphore,
)

_known_codes: dict[int, tuple[CodeType, bytes]] = {}


def _code_digest(code: CodeType, *, is_function: bool = False) -> bytes:
    """The digest of what code does: without its file, its lines, and, for a whole function, its docstring."""
    known = _known_codes.get(id(code))
    if known is not None:  # it is kept, so that no other code has this id
        return known[1]
    from xetrack_cache.keys import Encoder

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
    digest = bytes.fromhex(encoder.digest())
    if len(_known_codes) >= _MAX_KNOWN:
        _known_codes.clear()
    _known_codes[id(code)] = (code, digest)
    return digest


def _may_have_docstring(code: CodeType) -> bool:
    return sys.version_info < (3, 14) or bool(code.co_flags & _HAS_DOCSTRING)


# Classes


def compared_fields(kind: type) -> list[str] | None:
    """The fields that tell whether two of a dataclass are equal; None if that is not what `@dataclass` wrote."""
    params = kind.__dict__.get("__dataclass_params__")
    equal = kind.__dict__.get("__eq__")
    if params is None or not params.eq or type(equal) is not FunctionType:
        return None
    names = [each.name for each in fields(kind) if each.compare]
    return names if _compares(equal.__code__, tuple(names)) else None


@lru_cache(maxsize=_MAX_KNOWN)
def _compares(code: CodeType, names: tuple[str, ...]) -> bool:
    written: Any = make_dataclass("Written", names).__eq__
    written = written.__code__
    return (code.co_code, code.co_names, code.co_consts) == (written.co_code, written.co_names, written.co_consts)


_known_classes: dict[type, tuple[tuple[Any, ...], bytes]] = {}


def encode_class(encoder: "Encoder", kind: type) -> None:
    """Add a class: its name, and, unless it was installed, what it does."""
    encoder.text(b"C", full_name(kind))
    if _goes_by_name(kind) or kind in encoder.classes:
        encoder.parts.append(b"n")
    else:
        encoder.parts.append(b"c" + _class_digest(encoder, kind))


def _class_digest(encoder: "Encoder", kind: type) -> bytes:
    own = [each for each in kind.__mro__ if not _goes_by_name(each)]
    members = tuple(member for each in own for member in each.__dict__.values())
    known = _known_classes.get(kind)
    if known is not None and len(known[0]) == len(members) and all(map(_is, known[0], members)):
        return known[1]
    digest = _new_class_digest(encoder, kind, own)
    if not encoder.classes:  # otherwise part of it may have been cut short
        if len(_known_classes) >= _MAX_KNOWN:
            _known_classes.clear()
        _known_classes[kind] = (members, digest)
    return digest


def _is(one: object, other: object) -> bool:
    return one is other


def _new_class_digest(encoder: "Encoder", kind: type, own: list[type]) -> bytes:
    from xetrack_cache.keys import Encoder

    apart = Encoder(content=True)
    apart.inside = 1
    apart.classes = encoder.classes | {kind}
    apart.children(b"(", [full_name(each) for each in kind.__mro__])
    found_by_name = find(kind) is kind
    for each in own:
        for name, member in _members(each):
            apart.text(b"s", name)
            _encode_member(apart, member, strict=not found_by_name)
    return bytes.fromhex(apart.digest())


def _members(kind: type) -> Iterator[tuple[str, Any]]:
    """Methods, and what else is written in a class, by name; not what Python or `dataclass` adds."""
    generated = "__dataclass_params__" in kind.__dict__
    for name, member in sorted(kind.__dict__.items()):
        if isinstance(member, (MemberDescriptorType, GetSetDescriptorType)):
            continue
        functions = list(_functions_of(member))
        if functions:
            if not (generated and functions[0].__code__.co_filename == "<string>" and name.startswith("__")):
                yield name, tuple(functions)
        elif not name.startswith("__") and name != "_abc_impl":
            yield name, member


def _functions_of(member: Any) -> Iterator[FunctionType]:
    if isinstance(member, property):
        candidates = [member.fget, member.fset, member.fdel]
    elif isinstance(member, (staticmethod, classmethod)):
        candidates = [member.__func__]
    elif isinstance(member, cached_property):
        candidates = [member.func]
    else:
        candidates = [member]
    return (each for each in candidates if isinstance(each, FunctionType))


_ENCODED = frozenset({type(None), bool, int, float, complex, str, bytes, tuple, type})


def _encode_member(encoder: "Encoder", member: Any, *, strict: bool) -> None:
    """Add a member of a class. Of one that is found by its name, what cannot be encoded is left out."""
    if not strict and type(member) not in _ENCODED:
        encoder.parts.append(b"-")
        return
    before = len(encoder.parts)
    try:
        encoder.encode(member)
    except NotEncodableError:
        if strict:
            raise
        del encoder.parts[before:]
        encoder.parts.append(b"-")
