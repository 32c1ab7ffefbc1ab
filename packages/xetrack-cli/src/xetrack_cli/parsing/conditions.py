"""Conditions of `xt runs --where`: a column, a comparison and a value.

A subset of the filter language to come, with the same meaning. A condition that cannot match is an error, so an empty
answer means that no run matches.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from xetrack_cli.errors import UnknownNameError, UsageError
from xetrack_cli.output.format import is_number, to_text

__all__ = ["filtered"]

Runs: TypeAlias = list[dict[str, Any]]

_EXAMPLES = ". Examples: 'accuracy>0.8', model=resnet18, \"name='run 7'\", lr!=none. Repeat --where to combine."
_BARE = r"""[^\s=<>!~(),"']+"""
_QUOTED = r""""(?:[^"]|"")*"|'(?:[^']|'')*'"""  # a doubled quote stands for itself
_CONDITION = re.compile(rf"\s*({_QUOTED}|{_BARE})\s*(==|!=|<=|>=|=|<|>)\s*({_QUOTED}|{_BARE})\s*", re.DOTALL)
_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_EQUALITY = {"=", "==", "!="}
_MISSING = {"none", "null"}
_TRUTH = {"true": True, "false": False}
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|[+-]?(?:inf|infinity)|nan", re.IGNORECASE)
_BEYOND = re.compile(r"-?[1-9][0-9]{18,}")  # integers too large for a column are stored as text


class _Operand(NamedTuple):
    """The value of a condition, and its kind: number, bool or text."""

    kind: str
    value: Any


def filtered(runs: Runs, conditions: Iterable[str], known: Sequence[str]) -> Runs:
    """Return the runs for which every condition holds.

    Numbers compare as in Python: integers of any size exactly. Text compares with text only, character by character. A
    quoted value is text. `none` matches runs without a value, which match no other condition.

    Raises:
        UsageError: a condition is malformed, or its value is not of a kind that the column holds.
        UnknownNameError: there is no such column.
    """
    tests = [_test_of(condition, runs, known) for condition in conditions]
    return [run for run in runs if all(test(run) for test in tests)]


def _test_of(condition: str, runs: Runs, known: Sequence[str]) -> Callable[[Mapping[str, Any]], bool]:
    matched = _CONDITION.fullmatch(condition)
    if matched is None:
        raise _invalid(condition, _EXAMPLES)
    key, sign, text = _unquoted(matched[1]), matched[2], matched[3]
    if key not in known:
        raise UnknownNameError("column", key, known)
    if text.lower() in _MISSING:
        if sign not in _EQUALITY:
            raise _invalid(condition, f": {text} works only with = and !=.")
        return lambda run: (run.get(key) is None) is (sign != "!=")
    kinds = {_kind(run[key]) for run in runs if run.get(key) is not None}
    operand = _operand(condition, key, text, kinds)
    if sign not in _EQUALITY and (operand.kind == "bool" or operand.value != operand.value):  # NaN
        raise _invalid(condition, f": {text} works only with = and !=.")
    return lambda run: _holds(run.get(key), sign, operand)


def _unquoted(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote) if quote in "\"'" else text


def _invalid(condition: str, reason: str) -> UsageError:
    return UsageError(f"Invalid condition {condition!r}{reason}")


def _operand(condition: str, key: str, text: str, kinds: set[str]) -> _Operand:
    """Parse the value as a kind that the column holds: text if quoted, else a number or boolean if possible."""
    quoted = text[0] in "\"'"
    if not quoted and "number" in kinds and (number := _number(text)) is not None:
        return _Operand("number", number)
    if not quoted and "bool" in kinds and text.lower() in _TRUTH:
        return _Operand("bool", _TRUTH[text.lower()])
    if "text" in kinds or not kinds:  # nothing is known of a column without values
        return _Operand("text", _unquoted(text))
    held = " and ".join(name for kind, name in (("number", "numbers"), ("bool", "booleans")) if kind in kinds)
    raise _invalid(condition, f": column {key!r} holds only {held}, not {text}.")


def _number(text: str) -> int | float | None:
    if _INTEGER.fullmatch(text):
        try:
            return int(text)
        except ValueError:  # more digits than Python parses, and than any value has
            return None
    return float(text) if _DECIMAL.fullmatch(text) else None


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if is_number(value) else "text"


def _holds(value: Any, sign: str, operand: _Operand) -> bool:
    if value is None:
        return False
    if operand.kind == "number" and isinstance(value, str) and _BEYOND.fullmatch(value):
        value = int(value)
    if _kind(value) != operand.kind:
        return sign == "!="
    if operand.value != operand.value:  # NaN equals itself here
        return (value != value) is (sign != "!=")
    return _TESTS[sign](value if operand.kind != "text" else to_text(value), operand.value)
