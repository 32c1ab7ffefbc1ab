"""Values of filters: what they are, and how they compare with those of runs.

Numbers compare as in Python: integers of any size exactly. Text compares with text only, character by character. A
quoted value is text. Missing values match nothing but `null`.
"""

import json
import operator
import re
from collections.abc import Callable, Collection
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any, TypeAlias

from xetrack._filter.pattern import Pattern
from xetrack._filter.syntax import Value
from xetrack._spec.types import BigInt

__all__ = ["MisfitError", "Test", "comparison", "date", "is_null", "kind_of", "matching", "seconds", "to_text"]

Test: TypeAlias = Callable[[Any], bool]

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_EQUALITY = {"=", "!="}
_NULLS = {"null", "none"}
_TRUTH = {"true": True, "false": False}
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|[+-]?(?:inf|infinity)|nan", re.IGNORECASE)
_BEYOND = re.compile(r"-?[1-9][0-9]{18,4000}")  # integers too large for a column, which 0.x files hold as text
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}  # in milliseconds
_LENGTH = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)(ms|[smhdw])")
_LENGTHS = re.compile(rf"(?:{_LENGTH.pattern})+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)?)?")
_WHOLE_DATE = "0000-01-01 00:00:00.000000"
_MOST_DIGITS = 20_000
_LONGEST = 60  # characters of a value in an error
_PRINTABLE_BITS = 10_000  # Python refuses to print integers of more than about 14,000 bits


class MisfitError(ValueError):
    """A value cannot be compared with those of the key; the message says why."""


def comparison(value: Value, sign: str, kinds: Collection[str]) -> Test:
    """Return the test `sign value`, such as `<= 3`, for values that are not None.

    Args:
        value: the value as typed.
        sign: one of `=`, `!=`, `<`, `<=`, `>` and `>=`.
        kinds: the kinds of values that the key has, which the value must be one of. Nothing is known if it is empty.

    Raises:
        MisfitError: the value is of another kind, or does not work with `sign`.
    """
    kind, wanted = _operand(value, kinds)
    if sign not in _EQUALITY and (kind == "bool" or wanted != wanted):  # NaN
        raise MisfitError(f"{_short(value)} works only with = and !=.")
    test = _OPERATORS[sign]
    if kind == "number" and wanted != wanted:
        return lambda mine: (mine != mine) is (sign == "=")

    def holds(mine: Any) -> bool:
        if kind == "number" and isinstance(mine, str) and _BEYOND.fullmatch(mine):
            mine = int(mine)
        if kind_of(mine) != kind:
            return sign == "!="
        return test(to_text(mine) if kind == "text" else mine, wanted)

    return holds


def _operand(value: Value, kinds: Collection[str]) -> tuple[str, Any]:
    """Return the kind of a value, and the value: text if quoted, else a number, duration or boolean if possible."""
    text = value.text
    if value.style == "bare" and "number" in kinds:
        number = _number(text)
        if number is None and "text" not in kinds:
            number = seconds(text)
        if number is not None:
            return "number", number
    if value.style == "bare" and "bool" in kinds and text.lower() in _TRUTH:
        return "bool", _TRUTH[text.lower()]
    if "text" in kinds or not kinds:
        return "text", text
    held = " and ".join(name for kind, name in (("number", "numbers"), ("bool", "booleans")) if kind in kinds)
    raise MisfitError(f"holds only {held}, not {_short(value)}.")


def _number(text: str) -> int | float | None:
    if _INTEGER.fullmatch(text):
        try:
            return int(text)
        except ValueError:  # more digits than int() takes
            return int(Decimal(text)) if len(text) <= _MOST_DIGITS else None
    return float(text) if _DECIMAL.fullmatch(text) else None


def seconds(text: str) -> int | float | None:
    """Parse a duration such as `90s`, `2h` or `1d12h`; None if it is none."""
    if not _LENGTHS.fullmatch(text):
        return None
    total = sum((Fraction(number) * _UNITS[unit] for number, unit in _LENGTH.findall(text)), Fraction(0)) / 1000
    return int(total) if total.denominator == 1 else float(total)


def date(value: Value, sign: str) -> Test:
    """Return the test `sign value` for timestamps as text.

    A date stands for the whole day, `2026-11-27 14:02` for the whole minute: it equals each moment in it.

    Raises:
        MisfitError: the value is no date.
    """
    text = value.text.replace("T", " ")
    if not _is_date(text):
        raise MisfitError(
            f"holds times: expected a date, such as 2026-11-27 or '2026-11-27 14:30', not {_short(value)}."
        )
    test = _OPERATORS[sign]
    return lambda mine: (
        test(mine[: len(text)], text) if isinstance(mine, str) and _DATE.fullmatch(mine) else sign == "!="
    )


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text + _WHOLE_DATE[len(text) :])
    except ValueError:  # such as February 30
        return False
    return True


def matching(value: Value, sign: str) -> Test:
    """Return the test `~ value` or `!~ value` of the text of a value, which is not None."""
    if value.style == "regex":
        find: Callable[[str], bool] = Pattern(value.text).search
    else:
        find = partial(_contains, value.text.casefold())
    return lambda mine: find(to_text(mine)) is (sign == "~")


def _contains(wanted: str, text: str) -> bool:
    return wanted in text.casefold()


def _short(value: Value) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def is_null(value: Value) -> bool:
    """Return whether the value stands for a missing one."""
    return value.style == "bare" and value.text.lower() in _NULLS


def kind_of(value: object) -> str:
    """Return `number`, `bool` or `text`, which everything else compares as."""
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, (int, float, Fraction)) else "text"


def to_text(value: Any) -> str:
    """Return the text of a value: lists and dicts as JSON, bytes in hex, booleans as filters write them."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > _PRINTABLE_BITS:
        return str(BigInt(value))
    return str(value)
