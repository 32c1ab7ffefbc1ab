"""Errors and warnings, each as one line that says what to do."""

import difflib
import sqlite3
import sys
from collections.abc import Iterable
from typing import NamedTuple, TextIO

import typer

from xetrack.errors import DatabaseLockedError, OptionError, XetrackError, XetrackWarning

__all__ = [
    "DeclinedError",
    "Failure",
    "UnknownNameError",
    "UsageError",
    "explain",
    "one_line",
    "show_warning",
    "suggest",
]

_FAILED, _MISUSED = 1, 2  # exit codes
_MOST_LISTED = 8
# what the core's messages advise in Python, and what a shell user types instead
_IN_SHELL = {
    "overwrite=True": "--overwrite",
    "table=NAME": "--table NAME",
    "Reader.collect_assets()": "xt assets gc",
}


class UsageError(OptionError):
    """The command line is wrong: exit code 2."""


class DeclinedError(XetrackError):
    """The user answered no."""


class UnknownNameError(XetrackError, LookupError):
    """There is no run, column or plugin of this name. The message suggests the closest name."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        self.name = name
        super().__init__(f"Unknown {what} {name!r}.{suggest(name, list(known))}")


class Failure(NamedTuple):
    """The line to print for an error, and the exit code."""

    text: str
    code: int


def suggest(name: str, known: list[str]) -> str:
    """Suggest the closest known name, or list what is available."""
    folded = {each.casefold(): each for each in reversed(known)}
    close = difflib.get_close_matches(name.casefold(), folded, n=1)
    if close:
        return f" Did you mean {folded[close[0]]!r}?"
    more = ", and more" if len(known) > _MOST_LISTED else ""
    return f" Available: {', '.join(known[:_MOST_LISTED])}{more}." if known else ""


def explain(error: Exception) -> Failure | None:  # noqa: PLR0911 - one for each kind
    """Describe an error in one line; None for an unexpected one, which deserves its traceback."""
    if isinstance(error, typer.TyperException):
        return _explain_misuse(error)
    if isinstance(error, XetrackError):
        advice = " With xt: --timeout SECONDS." if isinstance(error, DatabaseLockedError) else ""
        return Failure(_in_shell(error) + advice, _MISUSED if isinstance(error, UsageError) else _FAILED)
    if isinstance(error, sqlite3.Error):
        return Failure(f"SQL: {one_line(error)}{_sql_advice(str(error))}", _FAILED)
    if type(error).__module__.partition(".")[0] in {"duckdb", "_duckdb"}:
        return Failure(f"SQL: {one_line(error)}", _FAILED)
    if isinstance(error, UnicodeEncodeError):  # the shell's bytes that are not UTF-8 reach us as lone surrogates
        return Failure(f"{error.object!r} is not valid UTF-8.", _FAILED)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return Failure(where + (error.strerror or one_line(error)), _FAILED)
    return None


def _explain_misuse(error: typer.TyperException) -> Failure:
    context = getattr(error, "ctx", None)
    hint = f" Try: {context.command_path} --help" if context is not None else ""
    text = one_line(error.format_message())
    return Failure(text + ("" if text.endswith((".", "?", ")")) else ".") + hint, error.exit_code)


def _sql_advice(text: str) -> str:
    if "readonly" in text:
        return ". Add --write to change the database."
    if "no such table" in text:
        old = ', or db."default" in a file of 0.x that nobody has written to since' if "events" in text else ""
        return f". List the tables with xt ls DB; in SQL they are db.events and so on{old}."
    if "locked" in text:
        return ". Another process is writing. Try again."
    return ""


def _in_shell(message: object) -> str:
    text = one_line(message)
    for python, shell in _IN_SHELL.items():
        text = text.replace(python, shell)
    return text


def one_line(text: object) -> str:
    """Join the lines of a message."""
    return " ".join(str(text).split())


def show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning of xetrack as one line. Those of libraries are for programmers, and dropped."""
    if issubclass(category, XetrackWarning):
        print(f"xt: warning: {_in_shell(message)}", file=file or sys.stderr)
