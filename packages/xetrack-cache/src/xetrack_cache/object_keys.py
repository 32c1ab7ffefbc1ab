"""Objects of other types as parts of a key: their classes and what they are made of."""

import copyreg
from collections.abc import Collection
from dataclasses import fields, make_dataclass
from enum import Enum
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from xetrack_cache import arrays
from xetrack_cache.class_keys import encode_class
from xetrack_cache.encoder import UNHASHABLE, Encoder, NotEncodableError
from xetrack_cache.function_keys import encode_callable
from xetrack_cache.names import find, module_of

__all__ = ["encode_object"]

_REDUCE_PROTOCOL = 4  # fixed, so that keys are


def encode_object(encoder: Encoder, value: Any) -> None:
    """Add a value whose type has no encoder of its own."""
    kind = type(value)
    encode = arrays.encoder_of(kind)
    if encode is not None:
        encode(encoder, value)
        return
    if issubclass(kind, type):
        encode_class(encoder, value)
        return
    if hasattr(kind, "__cache_key__"):
        encoder.within(value, _parts, encoder, b"K", kind, [("", kind.__cache_key__(value))])
        return
    if not encoder.inside:
        _check_hashable(encoder, value, kind)
    if issubclass(kind, Enum):
        encoder.within(value, _parts, encoder, b"e", kind, [("name", value.name), ("value", value._value_)])
    elif (compared := _compared_fields(kind)) is not None:
        encoder.within(value, _parts, encoder, b"D", kind, [(name, getattr(value, name)) for name in compared])
    elif issubclass(kind, (set, frozenset)):
        encoder.within(value, _set, encoder, value, kind)
    else:
        encoder.within(value, _reduced, encoder, value, kind)


def _check_hashable(encoder: Encoder, value: object, kind: type) -> None:
    own: Any = kind.__hash__
    if own is object.__hash__:
        raise NotEncodableError(value, "has no __hash__ of its own, so the cache cannot compare two of them")
    if encoder.content:
        return
    try:
        hash(value)
    except Exception as error:
        raise NotEncodableError(value, UNHASHABLE) from error


def _parts(encoder: Encoder, tag: bytes, kind: type, named: Collection[tuple[str, Any]]) -> None:
    encoder.parts.append(tag)
    encode_class(encoder, kind)
    encoder.pairs(b"a", named)


def _set(encoder: Encoder, value: Any, kind: type) -> None:
    encoder.parts.append(b"E")
    encode_class(encoder, kind)
    encoder.unordered(b"{", value)
    _state(encoder, object.__getstate__(value))


def _reduced(encoder: Encoder, value: Any, kind: type) -> None:
    """Add what an object is made of, as it describes itself to pickle and copy."""
    reduce = copyreg.dispatch_table.get(kind)
    try:
        reduced: Any = reduce(value) if reduce else value.__reduce_ex__(_REDUCE_PROTOCOL)
    except Exception as error:
        raise NotEncodableError(value, f"cannot be pickled ({type(error).__name__}: {error})") from error
    if isinstance(reduced, str):
        if hasattr(value, "__wrapped__"):  # functools.lru_cache: its name does not tell what it wraps
            encode_callable(encoder, value)
            return
        if find(value, reduced) is not value:
            raise NotEncodableError(value, f"claims to be {reduced}, which is another object")
        encoder.text(b"N", f"{module_of(value)}.{reduced}")
        return
    make, args, state, items, pairs = (*reduced, None, None, None)[:5]
    encoder.parts.append(b"o")
    encoder.encode(make)
    encoder.encode(args)
    _state(encoder, state)
    encoder.children(b"[", items or ())
    encoder.pairs(b"m", tuple(pairs or ()))


def _state(encoder: Encoder, state: Any) -> None:
    """Add the attributes of an object by name: the order in which they were set does not count."""
    match state:
        case (attributes, slots) if type(state) is tuple:
            encoder.parts.append(b"2:")
            _state(encoder, attributes)
            _state(encoder, slots)
        case dict() if type(state) is dict and all(type(key) is str for key in state):
            encoder.pairs(b"a", sorted(state.items()))
        case _:
            encoder.encode(state)


def _compared_fields(kind: type) -> list[str] | None:
    """Return the fields that the equality of a dataclass compares; None if `@dataclass` did not write it."""
    params = kind.__dict__.get("__dataclass_params__")
    equal = kind.__dict__.get("__eq__")
    if params is None or not params.eq or type(equal) is not FunctionType:
        return None
    names = [each.name for each in fields(kind) if each.compare]
    return names if _compares(equal.__code__, tuple(names)) else None


@lru_cache(maxsize=1024)
def _compares(code: CodeType, names: tuple[str, ...]) -> bool:
    """Return whether code is what `@dataclass` writes to compare these fields."""
    written: Any = make_dataclass("Written", names).__eq__
    written = written.__code__
    return (code.co_code, code.co_names, code.co_consts) == (written.co_code, written.co_names, written.co_consts)
