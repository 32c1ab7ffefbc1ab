"""Which calls are the same: a call becomes bytes, different ones for different calls, and their digest is its key.

The bytes are a canonical encoding, in which no value's bytes are the beginning of another's (docs/caching.md has the
format). `hash()` has no part in it: it collides, and changes from process to process.
"""

import copyreg
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import partial
from hashlib import blake2b
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

from xetrack.plugin import Json
from xetrack_cache import arrays, functions
from xetrack_cache.binding import Default, bind
from xetrack_cache.refusals import UNHASHABLE, NotEncodableError

__all__ = ["Encoder", "call_key"]

DIGEST_SIZE = 20
FORMAT = b"xetrack-cache 1"
"""In every key: another format of keys finds nothing of this one."""

_REDUCE_PROTOCOL = 4  # what objects take themselves apart for; fixed, so that keys are


def call_key(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    params: Mapping[str, Any],
    depends_on: Sequence[Any] = (),
    *,
    version: str = "code",
    content: bool = False,
) -> str:
    """The key of a call, `module.qualname:` and 40 hexadecimal digits. Raises `NotEncodableError`."""
    encoder = Encoder(content=content)
    try:
        bound = bind(function, args, kwargs)
        if bound is None:
            name = encoder.called(function, version)
            encoder.children(b"(", args)
        else:
            function, names, values, args, kwargs = bound
            name = encoder.called(function, version)
            encoder.parts.append(names)
            encoder.values(values)
            if args:
                encoder.children(b"(", args)
        if kwargs:
            encoder.pairs(b"k", kwargs.items())
        encoder.inside += 1  # what the function is not given has no need to be hashable
        if params:
            encoder.pairs(b"p", sorted(params.items()))
        if depends_on:
            encoder.children(b"d", depends_on)
    except RecursionError:
        raise NotEncodableError(function, "an argument is nested too deeply") from None
    return f"{name}:{encoder.digest()}"


_NO_CLASSES: frozenset[type] = frozenset()


class Encoder:
    """Collects the bytes of values in `parts`; big buffers are not copied."""

    __slots__ = ("_above", "big", "classes", "content", "inside", "parts")

    def __init__(self, *, content: bool = False) -> None:
        self.parts: list[Any] = [FORMAT]
        self.big = False  # whether a part is better not copied
        self.content = content  # whether unhashable values may be encoded by their content
        self.inside = 0  # how deep within a value that vouches for what it holds
        self.classes = _NO_CLASSES  # those that are being encoded further up
        self._above: dict[int, int] = {}  # what is being encoded, and at which depth: it may hold itself

    def digest(self) -> str:
        """The digest of everything so far, in hexadecimal."""
        if not self.big:
            return blake2b(b"".join(self.parts), digest_size=DIGEST_SIZE).hexdigest()
        digest = blake2b(digest_size=DIGEST_SIZE)
        for part in self.parts:
            digest.update(part)
        return digest.hexdigest()

    def encode(self, value: Any) -> None:
        """Add a value."""
        (_ENCODERS.get(type(value)) or Encoder._other)(self, value)

    def refuse_mutable(self, value: object) -> None:
        """Raise `NotEncodableError` where a container that can change is not to be looked into."""
        if not (self.inside or self.content):
            raise NotEncodableError(value, UNHASHABLE)

    # Building blocks

    def text(self, tag: bytes, text: str) -> None:
        """Add text under a tag."""
        data = text.encode("utf-8", "surrogatepass")
        self.parts.append(b"%b%d:%b" % (tag, len(data), data))

    def data(self, tag: bytes, data: Any) -> None:
        """Add bytes, or a buffer, which must not change before the digest is made."""
        size = len(data)
        self.parts.append(b"%b%d:" % (tag, size))
        self.parts.append(data)
        self.big = self.big or size > _BIG

    def children(self, tag: bytes, values: Iterable[Any]) -> None:
        """Add values in their order."""
        if type(values) is not tuple:
            values = tuple(values)
        self.parts.append(b"%b%d:" % (tag, len(values)))
        self.values(values)

    def values(self, values: Iterable[Any]) -> None:
        """Add values one after the other."""
        encoder_of = _ENCODERS.get
        for value in values:
            (encoder_of(type(value)) or Encoder._other)(self, value)

    def pairs(self, tag: bytes, items: Iterable[tuple[Any, Any]]) -> None:
        """Add keys and values in their order."""
        items = tuple(items)
        self.parts.append(b"%b%d:" % (tag, len(items)))
        encoder_of = _ENCODERS.get
        for item in items:
            for each in item:
                (encoder_of(type(each)) or Encoder._other)(self, each)

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

    def nested(self, value: object, encode: Callable[[], None]) -> None:
        """Add what a value holds; where that is the value itself, how far up it is."""
        place = id(value)
        if place in self._above:
            self.parts.append(b"^%d:" % self._above[place])
            return
        self._above[place] = len(self._above)
        try:
            encode()
        finally:
            del self._above[place]

    def within(self, value: object, encode: Callable[[], None]) -> None:
        """Add what a value is made of: what is in there need not be hashable."""
        self.inside += 1
        try:
            self.nested(value, encode)
        finally:
            self.inside -= 1

    # What is called

    def called(self, function: Any, version: str = "code") -> str:
        """Add a callable, and return its name."""
        if isinstance(function, FunctionType):
            return functions.encode_function(self, function, version)
        if isinstance(function, type):
            functions.encode_class(self, function)
            return functions.full_name(function)
        if isinstance(function, partial):
            return self._partial(function, version)
        if isinstance(function, MethodType):
            self.parts.append(b"M")
            self.encode(function.__self__)  # an argument like any other
            return self.called(function.__func__, version)
        return self._callable(function, version)

    def _partial(self, function: "partial[Any]", version: str) -> str:
        self.parts.append(b"P")
        name = self.called(function.func, version)
        self.children(b"(", function.args)
        self.pairs(b"k", function.keywords.items())
        return name

    def _callable(self, function: Any, version: str) -> str:
        """Add what is neither function nor class: a builtin, what wraps a function, or an object that can be called."""
        if isinstance(function, _BUILTINS) or functions.find(function) is function:
            return self._named(function)
        if hasattr(function, "__wrapped__"):  # functools.lru_cache, and others that are not written in Python
            self.text(b"W", functions.full_name(type(function)))
            return self.called(function.__wrapped__, version)
        self.parts.append(b"A")
        self.encode(function)
        self.called(type(function).__call__)
        return functions.full_name(type(function))

    def _named(self, function: Any) -> str:
        """Add what is not written in Python by its name, and what it is bound to."""
        name = functions.full_name(function)
        owner = getattr(function, "__self__", None)
        if owner is None or isinstance(owner, ModuleType):
            self.text(b"N", name)
        else:
            self.text(b"O", name)
            self.encode(owner)
        return name

    # What has no encoder of its own

    def _other(self, value: Any) -> None:
        kind = type(value)
        encode = arrays.encoder_of(kind)
        if encode is not None:
            encode(self, value)
        elif issubclass(kind, type):
            functions.encode_class(self, value)
        elif hasattr(kind, "__cache_key__"):
            self._parts(b"K", value, kind, (("", kind.__cache_key__(value)),))
        else:
            self._object(value, kind)

    def _object(self, value: Any, kind: type) -> None:
        if not self.inside:
            self._check_hashable(value, kind)
        if issubclass(kind, Enum):
            self._parts(b"e", value, kind, (("name", value.name), ("value", value._value_)))
        elif (compared := functions.compared_fields(kind)) is not None:
            self._parts(b"D", value, kind, [(name, getattr(value, name)) for name in compared])
        elif issubclass(kind, (set, frozenset)):
            self.within(value, lambda: self._set(value, kind))
        else:
            self.within(value, lambda: self._reduced(value, kind))

    def _check_hashable(self, value: object, kind: type) -> None:
        own: Any = kind.__hash__
        if own is object.__hash__:
            raise NotEncodableError(value, "has no __hash__ of its own, so that nothing tells when two are equal")
        if self.content:
            return
        try:
            hash(value)
        except Exception as error:
            raise NotEncodableError(value, UNHASHABLE) from error

    def _parts(self, tag: bytes, value: object, kind: type, named: Sequence[tuple[str, Any]]) -> None:
        def encode() -> None:
            self.parts.append(tag)
            functions.encode_class(self, kind)
            self.pairs(b"a", named)

        self.within(value, encode)

    def _set(self, value: Any, kind: type) -> None:
        self.parts.append(b"E")
        functions.encode_class(self, kind)
        self.unordered(b"{", value)
        self._state(object.__getstate__(value))

    def _reduced(self, value: Any, kind: type) -> None:
        """Add what an object is made of, as it tells pickle and copy."""
        reduce = copyreg.dispatch_table.get(kind)
        try:
            reduced: Any = reduce(value) if reduce else value.__reduce_ex__(_REDUCE_PROTOCOL)
        except Exception as error:
            raise NotEncodableError(value, f"cannot be taken apart ({type(error).__name__}: {error})") from error
        if isinstance(reduced, str):
            if functions.find(value, reduced) is not value:
                raise NotEncodableError(value, f"is not what {reduced} names")
            self.text(b"N", f"{functions.module_of(value)}.{reduced}")
            return
        make, args, state, items, pairs = (*reduced, None, None, None)[:5]
        self.parts.append(b"o")
        self.encode(make)
        self.encode(args)
        self._state(state)
        self.children(b"[", items or ())
        self.pairs(b"m", pairs or ())

    def _state(self, state: Any) -> None:
        """Add the attributes of an object, in the order of their names: that of setting them tells nothing."""
        if type(state) is tuple and len(state) == 2:  # noqa: PLR2004 - attributes and slots
            self.parts.append(b"2:")
            self._state(state[0])
            self._state(state[1])
        elif type(state) is dict and all(type(key) is str for key in state):
            self.pairs(b"a", sorted(state.items()))
        else:
            self.encode(state)


_BIG = 2**20
_WORD = 2**63
_BUILTINS = (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    MethodDescriptorType,
    MethodWrapperType,
    WrapperDescriptorType,
)
_double = struct.Struct(">d").pack


def _int(encoder: Encoder, value: int) -> None:
    if -_WORD <= value < _WORD:
        encoder.parts.append(b"i%d;" % value)
    else:
        encoder.data(b"I", value.to_bytes((value.bit_length() + 8) // 8, "big", signed=True))


def _str(encoder: Encoder, value: str) -> None:
    data = value.encode() if value.isascii() else value.encode("utf-8", "surrogatepass")
    encoder.parts.append(b"s%d:%b" % (len(data), data))


def _float(encoder: Encoder, value: float) -> None:
    encoder.parts.append(b"f" + _double(value))


def _complex(encoder: Encoder, value: complex) -> None:
    encoder.parts.append(b"j" + _double(value.real) + _double(value.imag))


def _default(encoder: Encoder, default: Default) -> None:
    """Add a default value, which need not be hashable, as in the encoding of its function.

    One that has no encoding is only possible in a library, whose functions go by name: there, `-` is enough.
    """
    before = len(encoder.parts)
    encoder.inside += 1
    try:
        encoder.encode(default.value)
    except NotEncodableError:
        del encoder.parts[before:]
        encoder.parts.append(b"-")
    finally:
        encoder.inside -= 1


def _list(encoder: Encoder, value: list[Any]) -> None:
    encoder.refuse_mutable(value)
    encoder.nested(value, lambda: encoder.children(b"[", value))


def _dict(encoder: Encoder, value: dict[Any, Any]) -> None:
    encoder.refuse_mutable(value)
    encoder.nested(value, lambda: encoder.pairs(b"m", value.items()))


def _set(encoder: Encoder, value: set[Any]) -> None:
    encoder.refuse_mutable(value)
    encoder.unordered(b"S", value)


def _bytearray(encoder: Encoder, value: bytearray) -> None:
    encoder.refuse_mutable(value)
    encoder.data(b"B", bytes(value))


_ENCODERS: dict[type, Callable[[Encoder, Any], object]] = {
    type(None): lambda encoder, _: encoder.parts.append(b"n"),
    bool: lambda encoder, value: encoder.parts.append(b"t" if value else b"u"),
    int: _int,
    float: _float,
    complex: _complex,
    str: _str,
    bytes: lambda encoder, value: encoder.data(b"b", value),
    bytearray: _bytearray,
    tuple: lambda encoder, value: encoder.children(b"(", value),
    list: _list,
    frozenset: lambda encoder, value: encoder.unordered(b"{", value),
    set: _set,
    dict: _dict,
    type(...): lambda encoder, _: encoder.parts.append(b"."),
    type(NotImplemented): lambda encoder, _: encoder.parts.append(b"!"),
    Default: _default,
    Json: lambda encoder, value: encoder.text(b"J", value),
    ModuleType: lambda encoder, value: encoder.text(b"L", value.__name__),
    type: functions.encode_class,
    **dict.fromkeys((FunctionType, MethodType, partial, *_BUILTINS), Encoder.called),
}
"""How values of exactly these types are encoded."""
