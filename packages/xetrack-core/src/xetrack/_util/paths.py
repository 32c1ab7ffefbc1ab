"""Paths of databases."""

import errno
import os
from pathlib import Path
from typing import Any

from xetrack._util.arguments import place, refused

__all__ = ["MEMORY", "SKIP_INSERT", "is_same_file", "resolve", "resolve_option"]


SKIP_INSERT = "SKIP_INSERT"
"""As a database: store no rows."""


def resolve(db: str | os.PathLike[str], name: str = "db") -> str:
    """Return a database as an absolute path, so that a later `chdir` does not matter. URLs stay as they are.

    Raises:
        OptionError: it cannot be a path. The message names the argument `name`.
    """
    text = place(name, db)
    if text in {MEMORY, SKIP_INSERT} or "://" in text:
        return text
    try:
        # ./~name is a file: expanduser() alone would look for a user's home.
        path = str((Path(text).expanduser() if text.startswith("~") else Path(text)).resolve())
    except (ValueError, RuntimeError) as error:
        # A NUL, a lone surrogate, or the home of an unknown user.
        raise refused(name, text, f"this cannot be a path: {str(error).rstrip('.')}. Choose another.") from error
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
    """Return a path given as an option like `resolve`, and any other value as it is: its provider refuses it."""
    return resolve(value, name) if isinstance(value, (str, os.PathLike)) and value else value


def is_same_file(one: str, other: str) -> bool:
    """Return whether two resolved paths are the same file, by whatever names."""
    return one == other or (Path(one).exists() and Path(other).exists() and Path(one).samefile(other))


MEMORY = ":memory:"
"""As a database: store rows in memory."""
