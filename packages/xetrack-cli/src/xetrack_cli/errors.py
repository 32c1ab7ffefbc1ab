"""Errors and warnings as one line each, with what to do."""

import difflib
import sqlite3
import sys
from collections.abc import Iterable
from typing import NamedTuple, TextIO

import typer

from xetrack.errors import DatabaseLockedError, OptionError, XetrackError, XetrackWarning

__all__ = ["DeclinedError", "Told", "UnknownNameError", "UsageError", "closest", "explain", "one_line", "show_warning"]

_FAILED, _MISUSED = 1, 2
_LISTED = 8  # names, that fit a line
_OF_DUCKDB = {"duckdb", "_duckdb"}
_OPTIONS = {"overwrite=True": "--overwrite", "table=NAME": "--table NAME"}  # what errors advise, and what xt has for it


class UsageError(OptionError):
    """The command line cannot be understood."""


class DeclinedError(XetrackError):
    """Someone was asked whether to go on, and said no."""


class UnknownNameError(XetrackError, LookupError):
    """There is no run, column or object of that name."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        self.name = name
        super().__init__(f"there is no {what} {name!r}.{closest(name, known)}")


class Told(NamedTuple):
    """What to print of an error, and the exit code."""

    text: str
    code: int


def closest(name: str, known: Iterable[str]) -> str:
    """A guess at what was meant, or, where there is none, what there is."""
    names = list(known)
    folded = {each.casefold(): each for each in reversed(names)}
    close = difflib.get_close_matches(name.casefold(), folded, n=1)
    if close:
        return f" Did you mean {folded[close[0]]!r}?"
    more = ", and more" if len(names) > _LISTED else ""
    return f" There are: {', '.join(names[:_LISTED])}{more}." if names else ""


def explain(error: Exception) -> Told | None:  # noqa: PLR0911 - one for each kind
    """One line that says what went wrong; None for what nobody foresaw."""
    if isinstance(error, UsageError):
        return Told(one_line(error), _MISUSED)
    if isinstance(error, XetrackError):
        text = one_line(error)
        for python, option in _OPTIONS.items():
            text = text.replace(python, option)
        return Told(text + _cure(error), _FAILED)
    if isinstance(error, sqlite3.Error):
        return Told(f"SQL: {one_line(error)}{_cure_of_sql(error)}", _FAILED)
    if type(error).__module__.partition(".")[0] in _OF_DUCKDB:
        return Told(f"SQL: {one_line(error)}", _FAILED)
    if isinstance(error, typer.TyperException):
        return _misused(error)
    if isinstance(error, UnicodeEncodeError):  # bytes of the shell that are no UTF-8 reach us as halves of pairs
        return Told(f"{error.object!r} is no text in UTF-8", _FAILED)
    if isinstance(error, OSError):
        return Told(_of_system(error), _FAILED)
    return None


def _misused(error: typer.TyperException) -> Told:
    context = getattr(error, "ctx", None)
    hint = f" Try: {context.command_path} --help" if context is not None else ""
    text = one_line(error.format_message())
    return Told(text + ("" if text.endswith((".", "?", ")")) else ".") + hint, error.exit_code)


def _cure(error: XetrackError) -> str:
    return " With xt: --timeout SECONDS." if isinstance(error, DatabaseLockedError) else ""


def _cure_of_sql(error: sqlite3.Error) -> str:
    text = str(error)
    if "readonly" in text:
        return ". To change the database: --write"
    if "no such table" in text:
        old = ', and db."default" in a file of 0.x that nobody has written to since' if "events" in text else ""
        return f". The tables: xt ls DB; in SQL they are db.events and the like{old}"
    if "locked" in text:
        return ". Another process is writing: try again"
    return ""


def _of_system(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return where + (error.strerror or one_line(error))


def one_line(text: object) -> str:
    """The text in one line: an error of DuckDB has several."""
    return " ".join(str(text).split())


def show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning of xetrack as one line; what libraries warn of is for programmers."""
    if issubclass(category, XetrackWarning):
        text = one_line(message).replace("Reader.collect_assets()", "xt assets gc")  # the same, said to who is here
        print(f"xt: warning: {text}", file=file or sys.stderr)
