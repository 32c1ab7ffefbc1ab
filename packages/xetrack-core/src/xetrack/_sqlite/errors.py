"""What may be wrong with a database file, as errors of ours that say what to do."""

import os
import sqlite3
from pathlib import Path

from xetrack.errors import (
    DatabaseError,
    DatabaseLockedError,
    DatabaseNotFoundError,
    DatabaseReadOnlyError,
    NotADatabaseError,
)

__all__ = ["FAILURES", "check_path", "is_busy", "is_unwritable", "translate"]

FAILURES = (sqlite3.Error, UnicodeDecodeError)
"""What `sqlite3` raises; the second, where a message quotes what is damaged."""

_SMALLEST = 512  # bytes of a page, of which a database has one at least (sqlite.org/fileformat2.html, 1.2)
_BUSY, _LOCKED, _READ_ONLY, _DAMAGED, _CANNOT_OPEN, _NO_LEAVE, _NOT_A_DATABASE = 5, 6, 8, 11, 14, 23, 26
# SQLite takes a read that fails for damage
_DAMAGE = "the file is damaged, or its disk cannot be read; run 'PRAGMA integrity_check' on a copy"
_OTHER_ENCODING = "must use the same text encoding"  # has no code of its own
_PRIMARY = 0xFF  # the low byte of an extended result code (sqlite.org/rescode.html)
_KINDS: dict[int, tuple[type[DatabaseError], str]] = {
    3: (DatabaseReadOnlyError, "permission denied"),
    _BUSY: (DatabaseLockedError, "another connection kept it locked; try again, or give a longer timeout="),
    _LOCKED: (DatabaseLockedError, "another connection kept it locked; try again, or give a longer timeout="),
    _READ_ONLY: (DatabaseReadOnlyError, "it cannot be written; check the permissions of the file and its folder"),
    10: (DatabaseError, "reading or writing the file failed; what was committed before is still there"),
    _DAMAGED: (NotADatabaseError, _DAMAGE),
    13: (DatabaseError, "the disk is full; nothing of this call was stored, what was there before still is"),
    _CANNOT_OPEN: (
        DatabaseReadOnlyError,
        "it cannot be opened; check that its folder exists and can be written, and how many files are open (ulimit -n)",
    ),
    _NOT_A_DATABASE: (NotADatabaseError, "the file is not a SQLite database; choose another path"),
}


def translate(error: Exception, path: str) -> DatabaseError:
    """Our error for one of SQLite's, with the path and the cure.

    Raises `KeyboardInterrupt` for a statement that was refused leave. We never refuse any, but a handler of signals may
    raise in the function that SQLite asks, and `sqlite3` throws away what it raised.
    """
    if _code(error) == _NO_LEAVE or str(error).startswith("not authorized"):  # of functions, SQLite gives no code
        raise KeyboardInterrupt from error
    if isinstance(error, UnicodeDecodeError):
        return NotADatabaseError(f"{path}: {_DAMAGE} ({error})")
    if _OTHER_ENCODING in str(error):
        message = f"{path}: its text is in UTF-16, and xetrack keeps UTF-8; choose another path"
        return NotADatabaseError(message)
    kind, cure = _KINDS.get(_code(error), (DatabaseError, "the statement failed"))
    return kind(f"{path}: {cure} ({error})")


def is_busy(error: sqlite3.Error) -> bool:
    """Whether somebody else holds a lock."""
    return _code(error) in {_BUSY, _LOCKED}


def is_unwritable(error: sqlite3.Error) -> bool:
    """Whether the file, or what SQLite keeps beside it, cannot be opened for writing."""
    return _code(error) in {_READ_ONLY, _CANNOT_OPEN}


def _code(error: Exception) -> int:
    return int(getattr(error, "sqlite_errorcode", 1)) & _PRIMARY


def check_path(path: str, *, read_only: bool) -> None:
    """Raise what is to be said of a path before SQLite is asked to open it."""
    if Path(path).is_dir():
        message = f"{path} is a folder. Give the path of a file, such as {Path(path) / 'track.db'}."
        raise NotADatabaseError(message)
    if Path(path).exists():
        _check_format(path)
        if not read_only and not os.access(path, os.W_OK):
            # where a killed writer left its log, SQLite would notice only at the first row
            raise DatabaseReadOnlyError(f"{path}: {_KINDS[_READ_ONLY][1]}. A Reader can read it.")
        if not read_only and Path(path).stat().st_nlink > 1:
            # SQLite keeps a log beside each name: of two that write under two names, one loses its rows
            message = (
                f"{path} has another name too (a hard link), and is not written. Put a copy in its place,"
                " or remove the other name."
            )
            raise DatabaseError(message)
        return
    if read_only:
        message = f"{path}: there is no such database. Check the path; a Tracker creates one with its first row."
        raise DatabaseNotFoundError(message)
    parent = next(folder for folder in Path(path).parents if folder.exists())
    if not parent.is_dir():
        message = f"{path} cannot be made: {parent} is a file, not a folder."
        raise NotADatabaseError(message)
    if not os.access(parent, os.W_OK):
        message = f"{path} cannot be made: {parent} cannot be written. Choose another path."
        raise DatabaseReadOnlyError(message)


def _check_format(path: str) -> None:
    """SQLite takes a file that is shorter than its header for an empty one, and writes over it.

    The file itself is not read: to close it again would take from this process every lock that SQLite holds on it.
    """
    if 0 < Path(path).stat().st_size < _SMALLEST:
        raise NotADatabaseError(f"{path}: {_KINDS[_NOT_A_DATABASE][1]}")
