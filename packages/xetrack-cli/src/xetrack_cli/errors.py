"""Errors and warnings, each as one line that says what to do."""

import sys
from collections.abc import Iterable
from typing import TextIO

import typer

from xetrack.errors import DatabaseLockedError, FilterError, OptionError, XetrackError, XetrackWarning
from xetrack.plugin import did_you_mean, redacted
from xetrack.registry import discovered

__all__ = ["UnknownNameError", "UsageError", "explain", "one_line", "show_warning", "suggest"]

_FAILED, _MISUSED = 1, 2  # exit codes
_MOST_LISTED = 8
# what the core's messages advise in Python, and what a shell user types instead
_IN_SHELL = {"overwrite=True": "--overwrite", "table=NAME": "--table NAME", "Reader.collect_assets()": "xt assets gc"}


class UsageError(OptionError):
    """The command line is wrong: exit code 2."""


class UnknownNameError(XetrackError, LookupError):
    """No run, column or plugin has this name. The message suggests the closest name."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        self.name = name
        super().__init__(f"Unknown {what} {name!r}.{suggest(name, list(known))}")


def suggest(name: str, known: list[str]) -> str:
    """Suggest the closest known name, or list what is available."""
    more = ", and more" if len(known) > _MOST_LISTED else ""
    listed = f" Available: {', '.join(known[:_MOST_LISTED])}{more}." if known else ""
    return did_you_mean(name, known) or listed


def explain(error: Exception) -> tuple[str, int] | None:
    """Return the text for an error, on one line, and the exit code; None for a bug, so that its traceback is shown.

    The text for a filter has three lines, because a caret points at the mistake.
    """
    if isinstance(error, typer.TyperException):
        return _explain_misuse(error)
    if isinstance(error, XetrackError):
        advice = " To wait longer, add --timeout SECONDS." if isinstance(error, DatabaseLockedError) else ""
        text = str(error) if isinstance(error, FilterError) else _in_shell(error) + advice
        return (text, _MISUSED if isinstance(error, (OptionError, FilterError)) else _FAILED)
    if discovered().raised_by_driver(error):
        return (f"SQL: {one_line(error)}{_sql_advice(str(error))}", _FAILED)
    if isinstance(error, UnicodeEncodeError):  # the shell's bytes that are not UTF-8 reach us as lone surrogates
        return (f"{error.object!r} is not valid UTF-8.", _FAILED)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return (where + (error.strerror or one_line(error)), _FAILED)
    return None


def _explain_misuse(error: typer.TyperException) -> tuple[str, int]:
    context = getattr(error, "ctx", None)
    hint = f" Try: {context.command_path} --help" if context is not None else ""
    text = one_line(error.format_message())
    return (text + ("" if text.endswith((".", "?", "?)")) else ".") + hint, error.exit_code)


def _sql_advice(text: str) -> str:
    if "readonly" in text:
        return ". Add --write to change the database."
    if "no such table" in text:
        old = ', or db."default" in a 0.x file that xetrack 1.0 has not written to yet' if "events" in text else ""
        return f". List the tables with xt ls DB; in SQL they are db.events and so on{old}."
    if "no such column:" in text:
        return ". List the columns with xt columns DB."
    if "locked" in text:
        return ". Another process is writing. Try again."
    return ""


def _in_shell(message: object) -> str:
    text = one_line(message)
    for python, shell in _IN_SHELL.items():
        text = text.replace(python, shell)
    return text


def one_line(text: object) -> str:
    """Join the lines of a message, and hide passwords."""
    return redacted(" ".join(str(text).split()))


def show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning of xetrack as one line. Warnings of libraries are dropped: they are meant for programmers."""
    if issubclass(category, XetrackWarning):
        print(f"xt: warning: {_in_shell(message)}", file=file or sys.stderr)
