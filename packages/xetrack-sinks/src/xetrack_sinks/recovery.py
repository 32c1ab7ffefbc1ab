"""Find JSON objects in bytes that hold more or less than one: joined lines, byte order marks, torn writes."""

import codecs
import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

__all__ = ["Found", "Objects", "is_event", "objects_in", "parse", "utf8"]

_BOM = codecs.BOM_UTF8
_MANY = 4000  # digits
# May stand between objects and around them, and means nothing.
_GAP = re.compile(r"[\s,\ufeff]*")
_STRUCTURE = re.compile(r"[][{}\"]")
_MANY_DIGITS = re.compile(rb"\d{19}")
_EVENT = re.compile(r'\{\s*"timestamp"\s*:')


def _integer(text: str) -> int:
    # int() refuses more than 4,300 digits; Decimal does not.
    return int(text) if len(text) < _MANY else int(Decimal(text))


_DECODER = json.JSONDecoder(parse_int=_integer)


class Found(NamedTuple):
    """An object, and its place in the text."""

    value: dict[str, Any]
    start: int
    end: int


class Objects(NamedTuple):
    """The objects in a text. `intact` is False if the text holds anything else before `rest`, its unread end."""

    text: str
    found: list[Found]
    intact: bool
    rest: str

    def leading(self, gap: str) -> list[Found]:
        """Return the objects at the beginning of the text, with nothing but characters of `gap` around them."""
        end, count = 0, 0
        for each in self.found:
            if self.text[end : each.start].strip(gap):
                break
            end, count = each.end, count + 1
        return self.found[:count]


def parse(data: bytes) -> dict[str, Any] | None:
    """Return `data` as a JSON object; None if it is anything else. Strict and fast."""
    # orjson reads integers beyond 64 bits as floats.
    if _MANY_DIGITS.search(data):
        value, end = _object_at(text, 0) if (text := _strict_text(data)).startswith("{") else (None, 0)
        return value if value is not None and not text[end:].strip() else None
    try:
        value = orjson.loads(data.removeprefix(_BOM))
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def objects_in(data: bytes, *, unfinished: bool = False) -> Objects:
    """Find the complete objects in `data`, in order, and whether it holds anything else.

    After a torn object, an object inside it looks like one behind it. From there on, only complete events are taken:
    `{"timestamp": ..., "level": ..., "track_id": ...}`. Bytes that are not UTF-8 become `\ufffd`, and count as damage.

    Args:
        data: One or more lines.
        unfinished: Its writer may still be writing, so half a character at the end is not damage.
    """
    text, intact = _decoded(data, unfinished=unfinished)
    found: list[Found] = []
    # `sure`: an object that starts here cannot be part of another.
    place, sure = 0, True
    while (place := _skip(text, place)) < len(text):
        value, end = _object_at(text, place)
        if value is not None and (sure or is_event(value)):
            found.append(Found(value, place, end))
            place, sure = end, True
            continue
        following, sure = _next(text, place, sure=sure)
        if following is None:
            return Objects(text, found, intact, text[place:])
        place, intact = following, False
    return Objects(text, found, intact, "")


def is_event(value: Mapping[str, Any]) -> bool:
    """Whether an object has the form of a line of the JSONL sink."""
    return next(iter(value), None) == "timestamp" and "level" in value and "track_id" in value


def utf8(data: bytes) -> bytes:
    """Return `data` in UTF-8. Shells and editors of Windows write UTF-16, with a byte order mark."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "backslashreplace").encode("utf-8", "backslashreplace")
    return data


def _strict_text(data: bytes) -> str:
    try:
        return data.removeprefix(_BOM).decode()
    except UnicodeDecodeError:
        return ""


def _decoded(data: bytes, *, unfinished: bool) -> tuple[str, bool]:
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data, final=not unfinished), True
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace"), False


def _skip(text: str, place: int) -> int:
    matched = _GAP.match(text, place)
    return matched.end() if matched else place


def _object_at(text: str, place: int) -> tuple[dict[str, Any] | None, int]:
    if text[place] != "{":
        return None, place
    try:
        value, end = _DECODER.raw_decode(text, place)
    except (ValueError, RecursionError):
        return None, place
    return value, end


def _next(text: str, place: int, *, sure: bool) -> tuple[int | None, bool]:
    """Return where to try again after a failure at `place`, and whether an object there is sure to stand alone."""
    brace = text.find("{", place)
    if sure and brace > place and not _STRUCTURE.search(text, place, brace):
        # Nothing before it was JSON, so it is part of nothing.
        return brace, True
    event = _EVENT.search(text, place + 1)
    return (event.start(), False) if event else (None, False)
