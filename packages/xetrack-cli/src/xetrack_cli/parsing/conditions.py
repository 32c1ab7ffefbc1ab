"""Conditions on runs, as `xt runs --where` takes them: a column, a comparison and a value.

A small part of the coming filter language, and no more: what is accepted here means the same there. What cannot be
meant is refused, so that an empty answer means that no run matches.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from xetrack_cli.errors import UnknownNameError, UsageError
from xetrack_cli.output.format import is_number, spelt

__all__ = ["filtered"]

Runs: TypeAlias = list[dict[str, Any]]

_EXAMPLES = "Examples: 'accuracy>0.8', model=resnet18, \"name='run 7'\", lr!=none."
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
_BEYOND = re.compile(r"-?[1-9][0-9]{18,}")  # integers that fit no column are kept as text


class _Operand(NamedTuple):
    """The value of a condition: its kind (number, bool or text), and what values of that kind are compared with."""

    kind: str
    value: Any


def filtered(runs: Runs, conditions: Iterable[str], known: Sequence[str]) -> Runs:
    """Return the runs for which every condition holds.

    Numbers compare as in Python: integers exactly, whatever their size. Text compares with text only, character by
    character. A value in quotes is text. `none` matches runs without a value, which pass no other condition.

    Raises:
        UsageError: a condition cannot be read, or its value is not of a kind that the column holds.
        UnknownNameError: there is no such column.
    """
    tests = [_test_of(condition, runs, known) for condition in conditions]
    return [run for run in runs if all(test(run) for test in tests)]


def _test_of(condition: str, runs: Runs, known: Sequence[str]) -> Callable[[Mapping[str, Any]], bool]:
    matched = _CONDITION.fullmatch(condition)
    if matched is None:
        raise _invalid(condition)
    key, sign, text = _unquoted(matched[1]), matched[2], matched[3]
    if key not in known:
        raise UnknownNameError("column", key, known)
    if text.lower() in _MISSING:
        if sign not in _EQUALITY:
            raise _invalid(condition, f"nothing is less or greater than {text}. Use = or !=.")
        return lambda run: (run.get(key) is None) is (sign != "!=")
    kinds = {_kind(run[key]) for run in runs if run.get(key) is not None}
    operand = _operand(condition, key, text, kinds)
    if sign not in _EQUALITY and (operand.kind == "bool" or operand.value != operand.value):  # NaN
        raise _invalid(condition, f"nothing is less or greater than {text}. Use = or !=.")
    return lambda run: _holds(run.get(key), sign, operand)


def _unquoted(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote) if quote in "\"'" else text


def _invalid(condition: str, reason: str | None = None) -> UsageError:
    """The error for a condition that cannot be meant, with the reason as far as it can be guessed."""
    if reason is None:
        reason = _EXAMPLES
        if re.match(rf"\s*(?:{_QUOTED}|[^=<>!~]+?)\s*(?:==|!=|<=|>=|=|<|>)\s*[^\s=<>!~]", condition):
            reason = f"Quote names and values that contain spaces, commas, brackets or operators. {_EXAMPLES}"
        if re.search(r"\s(?:and|or)\s", condition):
            reason += " To combine conditions, repeat --where."
        return UsageError(f"Invalid condition {condition!r}. {reason}")
    return UsageError(f"Invalid condition {condition!r}: {reason}")


def _operand(condition: str, key: str, text: str, kinds: set[str]) -> _Operand:
    """Read the value as a kind that the column holds: in quotes as text, else as a number or a boolean if it can be."""
    quoted = text[0] in "\"'"
    if not quoted and "number" in kinds and (number := _number(text)) is not None:
        return _Operand("number", number)
    if not quoted and "bool" in kinds and text.lower() in _TRUTH:
        return _Operand("bool", _TRUTH[text.lower()])
    if "text" in kinds or not kinds:  # a column without values may hold anything
        return _Operand("text", _unquoted(text))
    held = " and ".join(name for kind, name in (("number", "numbers"), ("bool", "booleans")) if kind in kinds)
    raise _invalid(condition, f"column {key!r} holds only {held}, and {text} is not one.")


def _number(text: str) -> int | float | None:
    if _INTEGER.fullmatch(text):
        try:
            return int(text)
        except ValueError:  # more digits than Python reads, and than any value has
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
    if operand.value != operand.value:  # NaN, which equals itself here
        return (value != value) is (sign != "!=")
    return _TESTS[sign](value if operand.kind != "text" else spelt(value), operand.value)
