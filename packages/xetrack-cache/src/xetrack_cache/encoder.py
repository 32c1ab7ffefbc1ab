"""Canonical bytes of values: equal for values that a function cannot tell apart, different for all others.

`hash()` plays no part: it collides, and it changes from process to process.

The bytes of a call are `xetrack-cache 1`, the function, the arguments and then, if there are any, `p` with the params
sorted by name and `d` with `depends_on`. The arguments of a function written in Python are `g` with the names and
values of its parameters and then, if there are any, `(` with what `*args` takes and `k` with what `**kwargs` takes.
Partials, bound methods and objects with `__call__` count as the functions and arguments that they pass on. For other
callables, and calls that do not fit, the arguments are `(` with those given by position, and `k` with those given by
keyword if there are any.

Every value is a letter for its kind, and its content after its length. So no encoding is a prefix of another:

    n t u . !   None, True, False, `...`, NotImplemented: no content
    i           int of 64 bits in decimal digits, and `;`
    I s b B J   decimal length, `:`, bytes: larger int (two's complement, big-endian), text (UTF-8), bytes, bytearray,
                JSON
    f j         8 or 16 bytes, big-endian: float, complex
    ( [ { S     decimal count, `:`, values: tuple, list, frozenset, set; those of sets sorted by their bytes
    m k p a     decimal count, `:`, keys and values: dict, keyword arguments, params, attributes by name
    g           decimal count, `:`, names as text, and as many values; `-` is a library's default without an encoding
    F           function: name; `c` and a digest of the code, or `v` and the version; `n`, or defaults (`(`, `k`) and
                the values of the closure: `-` if not read, `_` if not assigned yet
    C           class: name; `n` if it is a library's, or `c` and a digest of its members
    M P A W     bound method: object, function. Partial: function, arguments, keywords. Callable object: object,
                `__call__`. Wrapper: its name, what it wraps
    N O L       name of a builtin, tracker or lock; name of a builtin and what it is bound to; name of a module
    e D K       class, and `a` with: name and value of an enum, compared fields of a dataclass, `__cache_key__`
    o           object: what `__reduce_ex__(4)` returns (function, arguments, state, items, pairs); `2:` before a state
                of attributes and slots
    E           subclass of set or frozenset: class, `{` with the members, state
    Y y         array: dtype, shape, bytes in C order. Scalar: dtype, bytes
    T V X       frame: shape, labels, columns. Series: name, labels, values. Index: labels
    ^           depth of the container that this value is itself, and `:`
"""

import struct
from collections.abc import Callable, Collection, Iterable
from hashlib import blake2b
from itertools import chain
from typing import Any, TypeVar

from xetrack.plugin import Json

__all__ = ["UNHASHABLE", "Encoder", "NotEncodableError", "encodes"]

FORMAT = b"xetrack-cache 1"
"""Part of every key: a new format never finds the entries of an old one."""

UNHASHABLE = "is unhashable"

_DIGEST_SIZE = 20
_BIG = 2**20
_WORD = 2**63
_double = struct.Struct(">d").pack


class NotEncodableError(Exception):
    """A value that cannot be part of a key.

    Attributes:
        kind: the type of the value.
        why: the reason.
    """

    def __init__(self, value: object, why: str) -> None:
        super().__init__(value, why)
        self.kind = type(value)
        self.why = why


class Encoder:
    """Collects the bytes of values in `parts`, without copying large buffers.

    Args:
        content: encode unhashable containers by their content instead of refusing them.
    """

    __slots__ = ("_ancestors", "big", "classes", "content", "inside", "parts")

    def __init__(self, *, content: bool) -> None:
        self.parts: list[Any] = [FORMAT]
        self.big = False  # a part is too large to be copied
        self.content = content
        self.inside = 0  # nesting depth within values that vouch for what they hold: it need not be hashable
        self.classes: frozenset[type] = frozenset()  # classes being encoded, against endless recursion
        self._ancestors: dict[int, int] = {}  # id of each container being encoded -> its depth

    def digest(self) -> str:
        """Return the digest of all parts, in hexadecimal."""
        if not self.big:
            return blake2b(b"".join(self.parts), digest_size=_DIGEST_SIZE).hexdigest()
        digest = blake2b(digest_size=_DIGEST_SIZE)
        for part in self.parts:
            digest.update(part)
        return digest.hexdigest()

    def encode(self, value: Any) -> None:
        """Add one value."""
        self.encode_all((value,))

    def encode_all(self, values: Iterable[Any]) -> None:
        """Add values one after the other. All values pass through this loop."""
        add = self.parts.append
        for value in values:
            kind = type(value)
            if kind is str:
                data = value.encode("utf-8", "surrogatepass")
                add(b"s%d:%b" % (len(data), data))
            elif kind is int and -_WORD <= value < _WORD:
                add(b"i%d;" % value)
            elif kind is float:
                add(b"f" + _double(value))
            elif kind is bool:
                add(b"t" if value else b"u")
            elif value is None:
                add(b"n")
            else:
                (_encoders.get(kind) or _encoders[object])(self, value)

    # Building blocks

    def text(self, tag: bytes, text: str) -> None:
        """Add text under a tag."""
        data = text.encode("utf-8", "surrogatepass")
        self.parts.append(b"%b%d:%b" % (tag, len(data), data))

    def data(self, tag: bytes, data: Any) -> None:
        """Add bytes or a buffer, which must not change before the digest is made."""
        size = len(data)
        self.parts.append(b"%b%d:" % (tag, size))
        self.parts.append(data)
        self.big = self.big or size > _BIG

    def children(self, tag: bytes, values: Iterable[Any]) -> None:
        """Add values in their order."""
        values = values if type(values) is tuple else tuple(values)
        self.parts.append(b"%b%d:" % (tag, len(values)))
        self.encode_all(values)

    def pairs(self, tag: bytes, items: Collection[tuple[Any, Any]]) -> None:
        """Add keys and values in their order."""
        self.parts.append(b"%b%d:" % (tag, len(items)))
        self.encode_all(chain.from_iterable(items))

    def unordered(self, tag: bytes, values: Iterable[Any]) -> None:
        """Add values in the order of their bytes."""
        found = sorted(map(self._apart, values))
        self.parts.append(b"%b%d:" % (tag, len(found)))
        self.parts += found

    def _apart(self, value: Any) -> bytes:
        parts, self.parts = self.parts, []
        try:
            self.encode(value)
            return b"".join(self.parts)
        finally:
            self.parts = parts

    def or_dash(self, value: Any) -> None:
        """Add a value, or `-` if it cannot be encoded."""
        before = len(self.parts)
        try:
            self.encode(value)
        except NotEncodableError:
            del self.parts[before:]
            self.parts.append(b"-")

    # Containers

    def refuse_mutable(self, value: object) -> None:
        """Raise `NotEncodableError` for a mutable container, unless its content may be encoded."""
        if not (self.inside or self.content):
            raise NotEncodableError(value, UNHASHABLE)

    def nested(self, value: object, encode: Callable[..., None], *args: Any) -> None:
        """Call `encode(*args)` to add what a container holds; where it holds itself, add its depth instead."""
        place = id(value)
        if place in self._ancestors:
            self.parts.append(b"^%d:" % self._ancestors[place])
            return
        self._ancestors[place] = len(self._ancestors)
        try:
            encode(*args)
        finally:
            del self._ancestors[place]

    def within(self, value: object, encode: Callable[..., None], *args: Any) -> None:
        """Add what a value is made of, as `nested` does; none of it needs to be hashable."""
        self.inside += 1
        try:
            self.nested(value, encode, *args)
        finally:
            self.inside -= 1


_Encode = TypeVar("_Encode", bound=Callable[[Encoder, Any], object])
_encoders: dict[type, Callable[[Encoder, Any], object]] = {}


def encodes(*kinds: type) -> Callable[[_Encode], _Encode]:
    """Register the decorated function for values of exactly these types; `object` stands for all other types."""

    def register(encode: _Encode) -> _Encode:
        _encoders.update(dict.fromkeys(kinds, encode))
        return encode

    return register


@encodes(int)
def _big_int(encoder: Encoder, value: int) -> None:
    encoder.data(b"I", value.to_bytes((value.bit_length() + 8) // 8, "big", signed=True))


@encodes(complex)
def _complex(encoder: Encoder, value: complex) -> None:
    encoder.parts.append(b"j" + _double(value.real) + _double(value.imag))


@encodes(bytes)
def _bytes(encoder: Encoder, value: bytes) -> None:
    encoder.data(b"b", value)


@encodes(bytearray)
def _bytearray(encoder: Encoder, value: bytearray) -> None:
    encoder.refuse_mutable(value)
    encoder.data(b"B", bytes(value))


@encodes(Json)
def _json(encoder: Encoder, value: Json) -> None:
    encoder.text(b"J", value)


@encodes(type(...))
def _ellipsis(encoder: Encoder, _: object) -> None:
    encoder.parts.append(b".")


@encodes(type(NotImplemented))
def _not_implemented(encoder: Encoder, _: object) -> None:
    encoder.parts.append(b"!")


@encodes(tuple)
def _tuple(encoder: Encoder, value: tuple[Any, ...]) -> None:
    encoder.children(b"(", value)


@encodes(list)
def _list(encoder: Encoder, value: list[Any]) -> None:
    encoder.refuse_mutable(value)
    encoder.nested(value, encoder.children, b"[", value)


@encodes(dict)
def _dict(encoder: Encoder, value: dict[Any, Any]) -> None:
    encoder.refuse_mutable(value)
    encoder.nested(value, encoder.pairs, b"m", value.items())


@encodes(frozenset)
def _frozenset(encoder: Encoder, value: frozenset[Any]) -> None:
    encoder.unordered(b"{", value)


@encodes(set)
def _set(encoder: Encoder, value: set[Any]) -> None:
    encoder.refuse_mutable(value)
    encoder.unordered(b"S", value)
