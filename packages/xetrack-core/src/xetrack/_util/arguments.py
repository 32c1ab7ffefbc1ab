"""Arguments of public calls, checked where they come in: numbers of rows, names of runs, positions.

NumPy's integers and texts, and UUIDs, are taken too. Whatever cannot be meant raises `OptionError`, which names the
argument, its value, and what to give in its place.
"""

import operator
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from xetrack._util.text import is_utf8, safe_text
from xetrack.errors import DatabaseReadOnlyError, OptionError

__all__ = [
    "callback",
    "count",
    "integer",
    "named_run",
    "number",
    "place",
    "refused",
    "run_id",
    "sequence",
    "text",
    "writable_file",
    "writable_folder",
]

_SHOWN = 100  # characters of a value in an error
_BOOLEANS = {"bool", "bool_"}  # names of the types of Python and NumPy
_MOST = 2**63 - 1  # what SQLite takes for a number


def refused(name: str, value: object, cure: str) -> OptionError:
    """Return the error for an argument that cannot be meant."""
    return OptionError(f"{name}={safe_text(value)[:_SHOWN]}: {cure}")


def integer(name: str, value: Any) -> int:
    """Return a whole number as an int, kept within 64 bits; a boolean is none."""
    if type(value).__name__ in _BOOLEANS:
        raise refused(name, value, "not a whole number.")
    try:
        found = operator.index(value)
    except Exception:
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
    except Exception:
        found = float("nan")
    if not least <= found <= most:
        raise refused(name, value, f"not a number from {least:,} to {most:,}.")
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
    if type(value).__module__ == "uuid":  # which is not imported: it takes milliseconds
        return str(value)
    if not isinstance(value, str):
        raise refused(name, value, f"the name of a run is a text: use {name}=str(...).")
    return text(name, value)


def named_run(name: str, value: Any) -> str:
    """Return the name of a run as a plain `str`. None is refused, too."""
    return text(name, run_id(name, value))


def sequence(name: str, value: Any) -> Sequence[Any]:
    """Return a list or tuple as it is, and the items of anything else that can be iterated; a text or dict is none."""
    if isinstance(value, (str, bytes, Mapping, type)) or not isinstance(value, Iterable):
        raise refused(name, value, f"not a list. For one item: {name}=[...].")
    return value if isinstance(value, (list, tuple)) else tuple(value)


def place(name: str, value: Any) -> str:
    """Return a path, or a URL, as text."""
    text = os.fspath(value) if isinstance(value, (str, os.PathLike)) else None
    if not isinstance(text, str):
        raise refused(name, value, "a path is a text or a pathlib.Path.")
    if "\0" in text:
        raise refused(name, value, "this cannot be a path: it holds a NUL. Choose another.")
    return text


def writable_folder(name: str, path: str | os.PathLike[str]) -> None:
    """Check a folder that is to be written to, and may have to be made first.

    Raises:
        OptionError: it is a file, or lies in one, or is no path.
        DatabaseReadOnlyError: it cannot be written.
    """
    folder = _absolute(name, path)
    found = next(each for each in (folder, *folder.parents) if _exists(each))
    if not found.is_dir():
        raise refused(name, os.fspath(path), f"{found} is a file, not a folder. Choose another path.")
    if not os.access(found, os.W_OK | os.X_OK):
        raise _unwritable(name, path, found)


def writable_file(name: str, path: str | os.PathLike[str]) -> None:
    """Check a file that is to be written, and may have to be made first with its folders. Raises as for a folder."""
    file = _absolute(name, path)
    if not _exists(file):
        writable_folder(name, file.parent)
    elif file.is_dir():
        raise refused(name, os.fspath(path), f"this is a folder. Give the path of a file, such as {file / 'FILE'}.")
    elif not os.access(file, os.W_OK):
        raise _unwritable(name, path, file)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        # A folder on the way cannot be entered: the check for write access finds that.
        return False


def _unwritable(name: str, path: str | os.PathLike[str], place: Path) -> DatabaseReadOnlyError:
    told = f"{name}={safe_text(os.fspath(path))[:_SHOWN]}: {place} cannot be written."
    return DatabaseReadOnlyError(f"{told} Choose another path, or check its permissions.")


def _absolute(name: str, path: str | os.PathLike[str]) -> Path:
    return Path(place(name, path)).expanduser().absolute()


def callback(name: str, value: Any) -> Any:
    """Return a function to call back, or None."""
    if value is not None and not callable(value):
        raise refused(name, value, "not a function to call with (done, total).")
    return value


def flag(name: str, value: object, *, strict: bool = False) -> bool:
    """Return `value`, given as the option `name`, as a bool.

    NumPy's booleans, 1 and 0 are taken too, unless `strict`: for options that delete or replace something.

    Raises:
        OptionError: the value is anything else.
    """
    if value is True or value is False:
        return value
    if not strict and type(value).__name__ in {"int", *_BOOLEANS} and value in {0, 1}:
        return bool(value)
    message = f"{name}={safe_text(value)[:_SHOWN]} is not a boolean. Use {name}=True or {name}=False."
    raise OptionError(message)


def optional_flag(name: str, value: object) -> bool | None:
    """As `flag`, but None, for an option that was not given, stays None."""
    return None if value is None else flag(name, value)
