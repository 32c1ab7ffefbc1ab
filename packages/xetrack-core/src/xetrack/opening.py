"""Opening the engine over a database, the same way for trackers, readers and copies."""

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xetrack.arguments import place, refused
from xetrack.engines.database import MEMORY
from xetrack.errors import OptionError
from xetrack.plugins import Offer, Plugins
from xetrack.protocols import Context, Engine

__all__ = ["SKIP_INSERT", "check_file", "is_same_file", "open_engine", "resolve", "resolve_option"]

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


def check_file(db: str, engine: str) -> None:
    """Raise `OptionError` for a database or an engine without a file that others could read."""
    if db in {MEMORY, SKIP_INSERT}:
        raise OptionError(f"{db} keeps no file to read or to copy to. Its rows are with the tracker that logged them.")
    if engine in {"memory", "none"}:
        raise OptionError(
            f"engine {engine!r} keeps no file to read or to copy to. Use sqlite, or the engine that wrote the file."
        )


def is_same_file(one: str, other: str) -> bool:
    """Whether two resolved databases are one, by whatever names."""
    return one == other or (Path(one).exists() and Path(other).exists() and Path(one).samefile(other))


def open_engine(
    plugins: Plugins, db: str, name: str, table: str, options: Mapping[str, Any], *, read_only: bool = False
) -> tuple[Engine, list[tuple[Offer, dict[str, Any]]]]:
    """The engine, and the other providers that `options` ask for, with the options of each."""
    chosen = plugins.pick("engines", "none" if db == SKIP_INSERT else name)
    (_, claimed), *others = plugins.route(options, chosen)
    return chosen.open(claimed, Context(db, table, read_only=read_only)), others
