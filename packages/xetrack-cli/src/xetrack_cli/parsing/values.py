"""Values on a command line, as the types of their columns."""

import json
from collections.abc import Callable
from typing import Any

from xetrack_cli.errors import UsageError

__all__ = ["KINDS", "parse", "parse_selector"]

_BOOLEANS = dict.fromkeys(("true", "yes", "1", "on"), True) | dict.fromkeys(("false", "no", "0", "off"), False)
_NONE = dict.fromkeys(("", "none", "null"))


def _boolean(text: str) -> bool:
    return _BOOLEANS[text.lower()]


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _real(text: str) -> int | float:
    """Parse a float. An integer that no float equals stays an integer."""
    number = _number(text)
    try:
        return float(number) if float(number) == number else number
    except OverflowError:
        return number


def _guess(text: str) -> Any:
    """Parse a boolean or number, or else keep the text."""
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    try:
        return _number(text)
    except ValueError:
        return text


KINDS: dict[str, Callable[[str], Any]] = {
    "bool": _boolean,
    "int": int,
    "float": float,
    "text": str,
    "bytes": bytes.fromhex,
    "json": json.loads,
    "none": lambda text: _NONE[text.lower()],
}
"""The values of `--type`."""

_BY_COLUMN: dict[str, tuple[str, Callable[[str], Any]]] = {
    "BOOLEAN": ("true or false", _boolean),
    "INTEGER": ("numbers", _number),
    "REAL": ("numbers", _real),
    "TEXT": ("text", str),
    "BLOB": ("bytes, written in hex", bytes.fromhex),
    "JSON": ("JSON", json.loads),
    "": ("anything", _guess),
}


def parse(text: str, column: str, declared: str, kind: str | None = None) -> Any:
    """Parse a value to set.

    Args:
        text: the value as typed.
        column: its column, for the error.
        declared: the type of the column; "" guesses.
        kind: a key of `KINDS`, which overrides `declared`.

    Raises:
        UsageError: the text is not of that type.
    """
    if kind is not None and kind not in KINDS:
        raise UsageError(f"Unknown type {kind!r}. Choose one of {', '.join(KINDS)}.")
    what, convert = (kind, KINDS[kind]) if kind is not None else _BY_COLUMN.get(declared, _BY_COLUMN[""])
    try:
        return convert(text)
    except (ValueError, KeyError):
        if kind is not None:
            raise UsageError(f"{text!r} is not a value of --type {kind}.") from None
        misfit = f"{text!r} does not fit column {column!r}, which holds {what}"
        raise UsageError(f"{misfit}. To set it anyway: --type text") from None


def parse_selector(text: str, declared: str) -> Any:
    """Parse a value to select rows by, which may be of another type than its column.

    Numbers are exact, `none` in a column of numbers or booleans is a missing value, and what fits no type is text.
    """
    if declared in {"INTEGER", "REAL", "BOOLEAN"} and text.lower() in {"none", "null"}:
        return None
    convert = _number if declared == "REAL" else _BY_COLUMN.get(declared, _BY_COLUMN[""])[1]
    try:
        return convert(text)
    except (ValueError, KeyError):
        return _guess(text)
