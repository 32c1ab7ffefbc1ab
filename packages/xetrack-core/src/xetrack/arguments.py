"""Arguments of public calls, checked where they come in: numbers of rows, names of runs, positions.

NumPy's integers and texts, and UUIDs, are taken too. Whatever cannot be meant raises `OptionError`, which names the
argument, its value, and what to give in its place.
"""

import operator
from typing import Any
from uuid import UUID

from xetrack.errors import OptionError
from xetrack.texts import is_utf8, safe_text

__all__ = ["callback", "count", "integer", "number", "refused", "run_id", "text"]

_SHOWN = 100  # characters of a value in an error
_MOST = 2**63 - 1  # what SQLite takes for a number


def refused(name: str, value: object, cure: str) -> OptionError:
    """Return the error for an argument that cannot be meant."""
    return OptionError(f"{name}={safe_text(value)[:_SHOWN]}: {cure}")


def integer(name: str, value: Any) -> int:
    """Return a whole number as an int, kept within 64 bits; a boolean is none."""
    kind = type(value)
    if kind is bool or kind.__name__ in {"bool", "bool_"}:
        raise refused(name, value, "not a whole number.")
    try:
        found = operator.index(value)
    except Exception:  # noqa: BLE001 - of whatever the user has
        raise refused(name, value, "not a whole number.") from None
    return max(-_MOST, min(found, _MOST))


def count(name: str, value: Any) -> int | None:
    """Return a number of rows, which is 0 or more; None stays None."""
    if value is None:
        return None
    found = integer(name, value)
    if found < 0:
        raise refused(name, value, "a number of rows is 0 or more. Leave it out for all rows.")
    return found


def number(name: str, value: Any, least: float, most: float) -> float:
    """Return a number from `least` to `most` as a float."""
    try:
        found = float("nan") if isinstance(value, (str, bytes, bool)) else float(value)
    except Exception:  # noqa: BLE001 - as above
        found = float("nan")
    if not least <= found <= most:
        raise refused(name, value, f"not a number from {least:g} to {most:g}.")
    return found


def text(name: str, value: Any) -> str:
    """Return a text as a plain `str` that can be stored."""
    if not isinstance(value, str):
        raise refused(name, value, "not a text.")
    if not is_utf8(value):
        raise refused(name, value, "cannot be encoded as UTF-8. Use other characters.")
    return str(value)


def run_id(name: str, value: Any) -> str | None:
    """Return the name of a run as a plain `str`; None stays None."""
    if value is None:
        return None
    if isinstance(value, UUID):
        return str(value)
    if not isinstance(value, str):
        raise refused(name, value, f"the name of a run is a text: use {name}=str(...).")
    return text(name, value)


def callback(name: str, value: Any) -> Any:
    """Return a function to call back, or None."""
    if value is not None and not callable(value):
        raise refused(name, value, "not a function to call with (done, total).")
    return value
