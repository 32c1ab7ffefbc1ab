"""Options that are on or off. Text such as "false", which Python takes for true, is refused."""

from typing import Any

from xetrack.errors import OptionError
from xetrack.texts import safe_text

__all__ = ["flag", "optional_flag"]

_SHOWN = 100  # characters of a value in an error


def flag(name: str, value: object, *, strict: bool = False) -> bool:
    """Return `value`, given as the option `name`, as a bool.

    NumPy's booleans, 1 and 0 are taken too, unless `strict`: for options that delete or replace something.

    Raises:
        OptionError: the value is anything else.
    """
    if value is True or value is False:
        return value
    if not strict and _is_like_bool(value):
        return bool(value)
    message = f"{name}={safe_text(value)[:_SHOWN]} is not a boolean. Use {name}=True or {name}=False."
    raise OptionError(message)


def optional_flag(name: str, value: object) -> bool | None:
    """As `flag`, but None, for an option that was not given, stays None."""
    return None if value is None else flag(name, value)


def _is_like_bool(value: Any) -> bool:
    kind = type(value)
    if kind is int:
        return value in {0, 1}
    return kind.__module__ == "numpy" and kind.__name__ in {"bool", "bool_"}
