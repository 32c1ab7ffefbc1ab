"""Checks of arguments of public calls.

Each check takes the name of the argument, for the error, and its value; it returns the value in a plain type. NumPy's
integers and texts, and UUIDs, are accepted. Everything else raises `OptionError`.

```python
limit = count("limit", limit)  # OptionError: limit=-1: the number of rows cannot be negative. ...
```
"""

import operator
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from xetrack._redact import redacted
from xetrack._util.text import clipped, is_utf8
from xetrack.errors import DatabaseReadOnlyError, OptionError

__all__ = [
    "URL",
    "callback",
    "count",
    "integer",
    "local_path",
    "named_run",
    "number",
    "optional_flag",
    "optional_text",
    "place",
    "refused",
    "run_id",
    "sequence",
    "text",
    "writable_file",
    "writable_folder",
]

_BOOLEANS = {"bool", "bool_"}  # names of the types of Python and NumPy
_MOST = 2**63 - 1  # what SQLite takes for a number


URL = re.compile(r"([^/\\]{2,}?)://")
"""The beginning of a URL. A file name cannot contain a slash, so no sensible path has "://".

One letter is a drive of Windows: C://track.db.
"""


def refused(name: str, value: object, cure: str) -> OptionError:
    """Return the error for an invalid argument: `name=value: cure`."""
    return OptionError(f"{name}={clipped(value)}: {cure}")


def integer(name: str, value: Any) -> int:
    """Return an integer, clamped to 64 bits. Booleans are refused."""
    if type(value).__name__ in _BOOLEANS:
        raise refused(name, value, "not an integer.")
    try:
        found = operator.index(value)
    except Exception:
        raise refused(name, value, "not an integer.") from None
    return max(-_MOST, min(found, _MOST))


def count(name: str, value: Any) -> int | None:
    """Return a number of rows. None, for all rows, stays None."""
    if value is None:
        return None
    found = integer(name, value)
    if found < 0:
        raise refused(name, value, "the number of rows cannot be negative. Leave it out for all rows.")
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
    """Return a text as a plain `str`. Lone surrogates are refused."""
    if not isinstance(value, str):
        raise refused(name, value, "not text. Use a str.")
    if not is_utf8(value):
        raise refused(name, value, "cannot be encoded as UTF-8. Use other characters.")
    return str(value)


def run_id(name: str, value: Any) -> str | None:
    """Return the name of a run as a plain `str`. None, for all runs, stays None."""
    if value is None:
        return None
    # Importing uuid takes milliseconds.
    if type(value).__module__ == "uuid":
        return str(value)
    if not isinstance(value, str):
        raise refused(name, value, f"a run name must be text. Use {name}=str(...).")
    return text(name, value)


def named_run(name: str, value: Any) -> str:
    """Return the name of a run as a plain `str`. None is refused, too."""
    return text(name, run_id(name, value))


def sequence(name: str, value: Any) -> Sequence[Any]:
    """Return a list or tuple as it is, and other iterables as a tuple. Text and dicts are refused."""
    if isinstance(value, (str, bytes, Mapping, type)) or not isinstance(value, Iterable):
        raise refused(name, value, f"not a list. For one item: {name}=[...].")
    return value if isinstance(value, (list, tuple)) else tuple(value)


def place(name: str, value: Any) -> str:
    """Return a path or a URL as text."""
    text = os.fspath(value) if isinstance(value, (str, os.PathLike)) else None
    if not isinstance(text, str):
        raise refused(name, value, "a path must be text or a pathlib.Path.")
    if "\0" in text:
        raise refused(name, value, "this cannot be a path: it contains a NUL character. Choose another.")
    return text


def local_path(name: str, value: Any) -> str:
    """Return a path as text. URLs are refused: as paths, they would become folders such as `s3:`."""
    text = place(name, value)
    if URL.match(text):
        raise OptionError(f"{name}={clipped(redacted(text))}: this is a URL. Pass a path.")
    return text


def writable_folder(name: str, path: str | os.PathLike[str]) -> None:
    """Check that a folder, or the nearest existing one above it, can be written to.

    Raises:
        OptionError: it is not a path, or a part of it is a file.
        DatabaseReadOnlyError: it is not writable.
    """
    folder = _absolute(name, path)
    found = next(each for each in (folder, *folder.parents) if _exists(each))
    if not found.is_dir():
        raise refused(name, os.fspath(path), f"{found} is a file, not a folder. Choose another path.")
    if not os.access(found, os.W_OK | os.X_OK):
        raise _unwritable(name, path, found)


def writable_file(name: str, path: str | os.PathLike[str]) -> None:
    """Check that a file can be written, or created with its folders. Raises as `writable_folder` does."""
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
    told = f"{name}={clipped(os.fspath(path))}: {place} is not writable."
    return DatabaseReadOnlyError(f"{told} Choose another path, or change its permissions.")


def _absolute(name: str, path: str | os.PathLike[str]) -> Path:
    return Path(local_path(name, path)).expanduser().absolute()


def callback(name: str, value: Any) -> Any:
    """Return a callback, or None."""
    if value is not None and not callable(value):
        raise refused(name, value, "not a function. It is called with (done, total).")
    return value


def flag(name: str, value: object, *, strict: bool = False) -> bool:
    """Return a bool.

    Args:
        name: name of the option, for the error.
        value: its value.
        strict: refuse NumPy's booleans, 1 and 0. For options that delete or replace something.

    Raises:
        OptionError: it is anything else.
    """
    if value is True or value is False:
        return value
    if not strict and type(value).__name__ in {"int", *_BOOLEANS} and value in {0, 1}:
        return bool(value)
    message = f"{name}={clipped(value)} is not a boolean. Use {name}=True or {name}=False."
    raise OptionError(message)


def optional_flag(name: str, value: object) -> bool | None:
    """Return a bool. None, for an option that was not given, stays None."""
    return None if value is None else flag(name, value)


def optional_text(name: str, value: object) -> str | None:
    """Return a text as a plain `str`. None, for an option that was not given, stays None."""
    return None if value is None else text(name, value)
