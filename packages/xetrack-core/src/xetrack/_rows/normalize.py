"""Normalization of rows: keys are checked, and values converted to the types of `Value`.

| logged                                            | stored                                                |
|---------------------------------------------------|-------------------------------------------------------|
| None, bool, int, float, str, bytes                | unchanged                                             |
| scalar or 0-d array of numpy, torch, jax          | the Python number                                     |
| IntEnum, IntFlag                                  | the int                                               |
| datetime, date, time, timedelta, UUID, Path,      | text in the standard form                             |
| Decimal, Fraction, other Enum, numpy.datetime64   |                                                       |
| list, tuple, dict, set, config of such values     | JSON: tuples and sets become lists, keys become text  |
| the same, with other objects inside               | what `keep(key, value, objects)` returns              |
| pandas.NA, NaT                                    | None                                                  |
| any other object                                  | what `keep(key, value)` returns                       |
"""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import Any, NamedTuple, Protocol, TypeAlias
from uuid import UUID

from xetrack._rows.configs import is_config, is_omegaconf_list, omegaconf_list
from xetrack._rows.containers import CONTAINERS, Path, encode, label, path_text, plain_copy
from xetrack._spec.types import BigInt, Columns, Json, Row, SurrogateText, Value
from xetrack._util.text import is_utf8, safe_text
from xetrack.errors import InvalidKeyError, InvalidValueError

__all__ = [
    "EXTRA",
    "IDENTITY",
    "MAX_INT_BITS",
    "Keep",
    "Normaliser",
    "check_key",
    "decode",
    "describe",
    "readable",
    "stored_value",
    "to_rows",
]

IDENTITY = ("timestamp", "track_id")
"""The keys that every row has, and that users may not set."""

EXTRA = "xetrack_extra"
"""The column for values that no other column can hold."""

INT64 = 2**63

MAX_INT_BITS = 14_000
"""Integers of at most so many bits have at most 4,300 digits, the most that Python parses and prints."""


class Keep(Protocol):
    """Stores what a row cannot hold: an object, or a container with objects inside.

    It may also have a method `claims(value)`, which returns whether to store a config as an object instead of JSON.
    """

    def __call__(self, key: str, value: Any, objects: Sequence[str] = (), /) -> Value:
        """Return what the row holds instead. `objects` are the places of the objects in a container."""


Converter: TypeAlias = Callable[[str, Any, Keep], "Value | _Encoded"]

_UNTOUCHED = frozenset({type(None), bool, float, bytes})
_MARKED = frozenset({Json, BigInt, SurrogateText})
_MAX_KNOWN = 4096
_SHOWN = 200  # characters of a value in an error

# Made once: `json.dumps` with arguments makes an encoder per call. What is encoded here is a tree, never circular.
_to_json = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


def check_key(key: object) -> str:
    """Return the key as a plain `str`.

    Raises:
        InvalidKeyError: the key is not text, is reserved, or cannot be encoded as UTF-8.
    """
    if not isinstance(key, str):
        shown = safe_text(key)[:_SHOWN]
        raise InvalidKeyError(f"the key {shown} is of type {type(key).__name__}, not text. Use str({shown}).")
    if key in IDENTITY:
        raise InvalidKeyError(
            f"the key {key!r} is set by xetrack on every row. Choose another key, such as 'my_{key}'."
        )
    if key.lower() == EXTRA:
        raise InvalidKeyError(f"the key {key!r} is reserved for values that fit no column. Choose another key.")
    try:
        key.encode()
    except UnicodeEncodeError:
        message = f"the key {key!r} holds a lone surrogate, which UTF-8 cannot encode. Choose another key."
        raise InvalidKeyError(message) from None
    return str.__str__(key)


class _Shape(NamedTuple):
    """How to normalize rows with the same keys and types.

    Attributes:
        integers: keys whose values may exceed 64 bits.
        texts: keys whose values may hold lone surrogates.
        others: keys whose values need a converter.
        plain: no value is None or needs a converter.
    """

    integers: tuple[str, ...]
    texts: tuple[str, ...]
    others: tuple[tuple[str, Converter], ...]
    plain: bool


class Normaliser:
    """Normalizes dicts into rows, in place.

    ```python
    event = {"loss": numpy.float32(0.5), "layers": (64, 10)}
    Normaliser()(event, describe)
    # event is now {"loss": 0.5, "layers": Json("[64, 10]")}
    ```

    A training loop logs a few shapes of dict over and over. Keys and types are looked at once per shape: what is left
    per row is to convert the values that need it.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], _Shape] = {}

    def __call__(self, event: dict[str, Any], keep: Keep) -> dict[str, Any] | None:
        """Normalize `event` in place.

        Args:
            event: what the user logged.
            keep: stores what a row cannot hold.

        Returns:
            The decoded values of keys whose stored ones are encoded, such as a list for `Json`. None if the row is
            plain, with no encoded values and no None.

        Raises:
            InvalidKeyError: a key cannot be used.
            InvalidValueError: a value cannot be stored. The message names its key.
        """
        key = (*event, *map(type, event.values()))
        integers, texts, others, plain = self._known.get(key) or self._learn(event, key)
        decoded: dict[str, Any] = {}
        for name in integers:
            if not -INT64 <= event[name] < INT64:
                decoded[name] = event[name]
                event[name] = BigInt(event[name])
        for name in texts:
            if not event[name].isascii() and not is_utf8(event[name]):
                decoded[name] = event[name]
                event[name] = SurrogateText(event[name])
        for name, convert in others:
            value = _convert(name, event[name], convert, keep)
            if type(value) is _Encoded:
                event[name], decoded[name] = value
            else:
                event[name] = value
                if type(value) in _MARKED:
                    decoded[name] = decode(event[name])
        return None if plain and not decoded else decoded

    def value(self, key: str, value: object, keep: Keep) -> Value:
        """Return a single value as it is stored. Raises as `__call__` does."""
        row: dict[str, Any] = {key: value}
        self(row, keep)
        stored: Value = row[key]
        return stored

    def _learn(self, event: dict[str, Any], key: tuple[Any, ...]) -> _Shape:
        for name in event:
            check_key(name)
        kinds = {name: type(value) for name, value in event.items()}
        others = {
            name: convert
            for name, kind in kinds.items()
            if kind not in {int, str} and (convert := _converter(kind)) is not None
        }
        shape = _Shape(
            tuple(name for name, kind in kinds.items() if kind is int),
            tuple(name for name, kind in kinds.items() if kind is str),
            tuple(others.items()),
            not others and type(None) not in kinds.values(),
        )
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[key] = shape
        return shape


class _Encoded(NamedTuple):
    """A stored value, and what reading returns for it."""

    stored: Value
    decoded: Any


def _convert(key: str, value: Any, convert: Converter, keep: Keep) -> "Value | _Encoded":
    try:
        return convert(key, value, keep)
    except (InvalidValueError, RecursionError) as error:
        reason = (
            "is nested too deeply, or contains itself. Log its parts." if isinstance(error, RecursionError) else error
        )
        raise InvalidValueError(f"the value of {key!r} {reason}") from error


def _converter(kind: type) -> Converter | None:
    """Return the converter of a type; None if its values are stored unchanged."""
    if kind in _UNTOUCHED:
        return None
    if kind.__name__ in {"NAType", "NaTType"} and kind.__module__.partition(".")[0] == "pandas":
        return _simple(lambda _: None)
    for base, convert in _CONVERTERS:
        if issubclass(kind, base):
            return convert
    if hasattr(kind, "item") and hasattr(kind, "shape"):
        return _scalar
    return _config if is_config(kind) or is_omegaconf_list(kind) else _kept


def _value(key: str, value: object, keep: Keep) -> Value:
    convert = _converter(type(value))
    found = value if convert is None else convert(key, value, keep)
    return found.stored if type(found) is _Encoded else found  # type: ignore[return-value] # untouched types


def _simple(convert: Callable[[Any], Value]) -> Converter:
    """Return a converter of values that need neither their key nor a store."""
    return lambda _key, value, _keep: convert(value)


def _enum(value: Enum) -> Value:
    if isinstance(value, int):
        return _integer(value)
    return _text(value.value if isinstance(value.value, str) else str(value.name))


def _integer(value: int) -> int:
    return int(value) if -INT64 <= value < INT64 else BigInt(value)


def _text(value: str) -> str:
    text = str.__str__(value)
    return text if is_utf8(text) else SurrogateText(text)


def _kept(key: str, value: object, keep: Keep) -> Value:
    return keep(key, value)


def _scalar(key: str, value: Any, keep: Keep) -> Value:
    """Convert a numpy scalar, or a 0-d array or tensor of any library with `shape` and `item()`."""
    if tuple(value.shape) != ():
        return keep(key, value)
    if getattr(getattr(value, "dtype", None), "kind", "") in {"M", "m"}:
        # item() of a time in nanoseconds is a bare integer.
        return None if str(value) == "NaT" else str(value)
    number = value.item()
    if type(number) is not type(value):
        return _value(key, number, keep)
    # numpy.longdouble and numpy.clongdouble have no Python number: item() returns themselves.
    if getattr(value.dtype, "kind", "") == "c":
        return keep(key, value)
    return float(value) if float(value) == value or value != value else str(value)


def _container(key: str, value: Any, keep: Keep) -> "Value | _Encoded":
    copied = plain_copy(value)
    if copied is not None:
        # Integers of thousands of digits raise a ValueError.
        with suppress(ValueError):
            return _Encoded(_json(copied), copied)
    objects: list[str] = []

    def note(path: Path, each: Any) -> None:
        objects.append(f"the keys of {path_text(path)}" if isinstance(each, dict) else path_text(path))

    nested = _encode(key, value, note)
    return keep(key, value, objects) if objects else _Encoded(_json(nested), nested)


def _config(key: str, value: Any, keep: Keep) -> "Value | _Encoded":
    claims = getattr(keep, "claims", None)
    if claims is not None and claims(value):
        return keep(key, value)
    items = omegaconf_list(value)
    try:
        return _container(key, value if items is None else items, keep)
    except RecursionError:
        # A config that contains itself can still be serialized.
        return keep(key, value)


def _json(plain: Any) -> Json:
    text = _to_json(plain)
    return Json(text if is_utf8(text) else json.dumps(plain))


def describe(key: str, value: Any, objects: Sequence[str] = ()) -> Value:
    """Return the `repr` of an object, or a container as JSON with the `repr` of each object. Used without a store."""
    if not objects:
        return safe_text(value)
    return _json(_encode(key, value, lambda _, each: safe_text(each)))


def stored_value(key: str, value: object) -> Value:
    """Return a single value as it is stored; an object, which only a tracker stores, as its `repr`."""
    return Normaliser().value(key, value, describe)


_CONVERTERS: tuple[tuple[type | tuple[type, ...], Converter], ...] = (
    # Enums come first: some are integers or text as well.
    (Enum, _simple(_enum)),
    (int, _simple(_integer)),
    (float, _simple(float)),
    (Json, _simple(lambda value: value)),
    (str, _simple(_text)),
    ((bytes, bytearray, memoryview), _simple(bytes)),
    (CONTAINERS, _container),
    ((datetime, date, time), _simple(lambda value: value.isoformat())),
    ((Decimal, Fraction, UUID, PurePath, timedelta), _simple(lambda value: _text(str(value)))),
)


def _encode(key: str, container: Any, of_object: Callable[[Path, Any], object]) -> Any:
    """Return the container for `json.dumps`, with `of_object(path, value)` in place of each object."""

    def leaf(path: Path, value: Any) -> object:
        text = label(value)
        if text is not None:
            return text
        try:
            stored = b"" if isinstance(value, dict) else _value(key, value, _no_value)
        except _NoValueError:
            stored = b""
        if isinstance(stored, bytes):
            return of_object(path, value)
        if isinstance(stored, BigInt):
            return int(stored) if stored.bit_length() <= MAX_INT_BITS else str(stored)
        return json.loads(stored) if type(stored) is Json else stored

    return encode(container, (key,), leaf, _key_text)


class _NoValueError(Exception):
    """The value is an object."""


def _no_value(_: str, __: object, ___: Sequence[str] = ()) -> Value:
    raise _NoValueError


def _key_text(key: object) -> str | None:
    """Return the text of a dict's key; None if it has none."""
    if key is None or isinstance(key, (bool, float)):
        return json.dumps(key)
    try:
        stored = _value("", key, _no_value)
    except _NoValueError:
        return None
    return None if isinstance(stored, bytes) else str(stored)


def decode(value: Value) -> Any:
    """Return a stored value as the user sees it: lists and dicts for `Json`, plain types for the others.

    Invalid JSON is returned as text: another program may have written it.
    """
    if type(value) is Json:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return str(value)
    if type(value) is BigInt:
        return int(value)
    return str.__str__(value) if type(value) is SurrogateText else value


def to_rows(columns: Columns) -> list[dict[str, Any]]:
    """Return columns as a list of dicts of decoded values."""
    decoded = ([decode(value) for value in column] for column in columns.values())
    return [dict(zip(columns, values, strict=True)) for values in zip(*decoded, strict=True)]


def readable(row: Row) -> dict[str, Any]:
    """Return a copy of the row with decoded values."""
    return {key: decode(value) for key, value in row.items()}
