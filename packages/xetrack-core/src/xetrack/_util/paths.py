"""Paths of databases."""

import errno
import os
from pathlib import Path
from typing import Any

from xetrack._util.arguments import place, refused

__all__ = ["MEMORY", "SKIP_INSERT", "is_same_file", "resolve", "resolve_option"]


SKIP_INSERT = "SKIP_INSERT"
"""Given as a database: no rows are kept."""


def resolve(db: str | os.PathLike[str], name: str = "db") -> str:
    """`db` as an absolute path, so that a later `chdir` changes nothing. In memory, none, and URLs stay as they are.

    Raises `OptionError`, naming the argument, for what cannot name a file.
    """
    text = place(name, db)
    if text in {MEMORY, SKIP_INSERT} or "://" in text:
        return text
    try:
        path = str((Path(text).expanduser() if text.startswith("~") else Path(text)).resolve())  # ./~name is a name
    except (ValueError, RuntimeError) as error:  # a NUL, half a surrogate pair, the home of nobody
        raise refused(name, text, f"this cannot be a path: {error}. Choose another.") from error
    if _is_too_long(path):
        raise refused(name, text, "this cannot be a path: it is too long. Choose another.")
    return path


def _is_too_long(path: str) -> bool:
    try:
        Path(path).stat()
    except OSError as error:
        return error.errno == errno.ENAMETOOLONG
    return False


def resolve_option(name: str, value: Any) -> Any:
    """An option that names a place, as `resolve` gives it; what is no path, for whoever claims the option to refuse."""
    return resolve(value, name) if isinstance(value, (str, os.PathLike)) and value else value


def is_same_file(one: str, other: str) -> bool:
    """Whether two resolved databases are one, by whatever names."""
    return one == other or (Path(one).exists() and Path(other).exists() and Path(one).samefile(other))


MEMORY = ":memory:"
"""Given as a database: rows are kept in memory."""
