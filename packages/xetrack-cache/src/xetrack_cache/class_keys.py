"""Classes as parts of a key: their names, and unless they were installed, what is written in them."""

from collections.abc import Iterator
from functools import cached_property
from operator import is_
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any

from xetrack_cache.encoder import Encoder, encodes
from xetrack_cache.names import find, full_name, goes_by_name

__all__ = ["encode_class"]

_MAX_KNOWN = 1024
_ENCODED = frozenset({type(None), bool, int, float, complex, str, bytes, tuple, type})
_known: dict[type, tuple[tuple[Any, ...], bytes]] = {}
"""The digest of each class, and the members that it is the digest of."""


@encodes(type)
def encode_class(encoder: Encoder, kind: type) -> None:
    """Add a class: its name, and, unless it was installed, what it does."""
    encoder.text(b"C", full_name(kind))
    if goes_by_name(kind) or kind in encoder.classes:
        encoder.parts.append(b"n")
    else:
        encoder.parts.append(b"c" + _digest(encoder, kind))


def _digest(encoder: Encoder, kind: type) -> bytes:
    own = [each for each in kind.__mro__ if not goes_by_name(each)]
    members = tuple(member for each in own for member in each.__dict__.values())
    known = _known.get(kind)
    if known is not None and len(known[0]) == len(members) and all(map(is_, known[0], members)):
        return known[1]
    digest = _new_digest(encoder, kind, own)
    if not encoder.classes:  # inside another class, recursion may have been cut short
        if len(_known) >= _MAX_KNOWN:
            _known.clear()
        _known[kind] = (members, digest)
    return digest


def _new_digest(encoder: Encoder, kind: type, own: list[type]) -> bytes:
    apart = Encoder(content=True)
    apart.inside = 1
    apart.classes = encoder.classes | {kind}
    apart.children(b"(", [full_name(each) for each in kind.__mro__])
    found_by_name = find(kind) is kind
    for each in own:
        for name, member in _members(each):
            apart.encode(name)
            if not found_by_name:
                apart.encode(member)
            elif type(member) in _ENCODED:
                apart.or_dash(member)
            else:
                apart.parts.append(b"-")
    return bytes.fromhex(apart.digest())


def _members(kind: type) -> Iterator[tuple[str, Any]]:
    """Yield what is written in a class, by name: not what Python or `dataclass` adds."""
    generated = "__dataclass_params__" in kind.__dict__
    for name, member in sorted(kind.__dict__.items()):
        if isinstance(member, (MemberDescriptorType, GetSetDescriptorType)):
            continue
        functions = tuple(_functions_of(member))
        if functions:
            if not (generated and functions[0].__code__.co_filename == "<string>" and name.startswith("__")):
                yield name, functions
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
