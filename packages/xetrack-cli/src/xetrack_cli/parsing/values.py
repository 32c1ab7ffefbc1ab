"""Text from a command line as a value of a column's type."""

import json
from collections.abc import Callable
from typing import Any

from xetrack_cli.errors import UsageError

__all__ = ["KINDS", "parse", "wanted_value"]

_TRUE, _FALSE = {"true", "yes", "1", "on"}, {"false", "no", "0", "off"}


def _boolean(text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise ValueError(text)
    return text.lower() in _TRUE


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _real(text: str) -> int | float:
    """A float; an integer that no float equals stays an integer."""
    number = _number(text)
    try:
        return float(number) if float(number) == number else number
    except OverflowError:
        return number


def _guessed(text: str) -> Any:
    """A number, true or false, or else text."""
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    try:
        return _number(text)
    except ValueError:
        return text


def _none(text: str) -> None:
    if text.lower() not in {"", "none", "null"}:
        raise ValueError(text)


KINDS: dict[str, Callable[[str], Any]] = {
    "bool": _boolean,
    "int": int,
    "float": float,
    "text": str,
    "bytes": bytes.fromhex,
    "json": json.loads,
    "none": _none,
}
"""The types that `--type` may name."""

_OF_COLUMNS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "BOOLEAN": ("true or false", _boolean),
    "INTEGER": ("numbers", _number),
    "REAL": ("numbers", _real),
    "TEXT": ("text", str),
    "BLOB": ("bytes, written in hex", bytes.fromhex),
    "JSON": ("JSON", json.loads),
    "": ("anything", _guessed),
}


def parse(text: str, column: str, declared: str, kind: str | None = None) -> Any:
    """Parse `text` as the type `kind`, or as the declared type of its column; "" guesses.

    Raises `UsageError` if it is not of that type.
    """
    if kind is not None and kind not in KINDS:
        raise UsageError(f"--type is one of {', '.join(KINDS)}, not {kind!r}.")
    what, convert = (kind, KINDS[kind]) if kind is not None else _OF_COLUMNS.get(declared, _OF_COLUMNS[""])
    try:
        return convert(text)
    except ValueError:
        cure = "" if kind else " To set it all the same: --type text"
        where = f"--type {what}" if kind else f"the column {column!r}, which holds {what}"
        raise UsageError(f"{text!r} does not fit {where}.{cure}") from None


def wanted_value(text: str, declared: str) -> Any:
    """Parse a value to select rows by. Unlike a value to set, it may be of another type than the column's.

    Numbers are exact, `none` in a column of numbers or booleans is a missing value, and what fits no type is text.
    """
    if declared in {"INTEGER", "REAL", "BOOLEAN"} and text.lower() in {"none", "null"}:
        return None
    convert = _number if declared == "REAL" else _OF_COLUMNS.get(declared, _OF_COLUMNS[""])[1]
    try:
        return convert(text)
    except ValueError:
        return _guessed(text)
