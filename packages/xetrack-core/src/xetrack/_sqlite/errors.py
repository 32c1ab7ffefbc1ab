"""Translate errors of SQLite and check paths. Every error says what to do."""

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
"""What `sqlite3` raises; `UnicodeDecodeError` when a message quotes damaged text."""

_SMALLEST = 512  # bytes: a database has at least one page (sqlite.org/fileformat2.html, 1.2)
_BUSY, _LOCKED, _READ_ONLY, _DAMAGED, _CANNOT_OPEN, _NO_LEAVE, _NOT_A_DATABASE = 5, 6, 8, 11, 14, 23, 26
# SQLite reports a failed read as damage
_DAMAGE = "the file is damaged, or its disk cannot be read; run 'PRAGMA integrity_check' on a copy"
_OTHER_ENCODING = "must use the same text encoding"  # this error has no code of its own
_PRIMARY = 0xFF  # the low byte of an extended result code (sqlite.org/rescode.html)
_KINDS: dict[int, tuple[type[DatabaseError], str]] = {
    3: (DatabaseReadOnlyError, "permission denied"),
    _BUSY: (DatabaseLockedError, "another connection held its lock; try again, or pass a longer timeout="),
    _LOCKED: (DatabaseLockedError, "another connection held its lock; try again, or pass a longer timeout="),
    _READ_ONLY: (DatabaseReadOnlyError, "the file is not writable; check the permissions of the file and its folder"),
    10: (DatabaseError, "reading or writing the file failed; earlier rows are still there"),
    _DAMAGED: (NotADatabaseError, _DAMAGE),
    13: (DatabaseError, "the disk is full; nothing of this call was stored, earlier rows are still there"),
    _CANNOT_OPEN: (
        DatabaseReadOnlyError,
        (
            "the file cannot be opened; check that its folder exists and is writable, and that the limit of open files "
            "(ulimit -n) is high enough"
        ),
    ),
    _NOT_A_DATABASE: (NotADatabaseError, "the file is not a SQLite database; choose another path"),
}


def translate(error: Exception, path: str) -> DatabaseError:
    """Return our error for one of SQLite's, with the path and the fix.

    Raises:
        KeyboardInterrupt: a statement was not authorized. Our authorizer allows every statement, so a signal handler
            must have raised in it, and `sqlite3` discarded that exception.
    """
    if _code(error) == _NO_LEAVE or str(error).startswith("not authorized"):  # for functions there is no code
        raise KeyboardInterrupt from error
    if isinstance(error, UnicodeDecodeError):
        return NotADatabaseError(f"{path}: {_DAMAGE} ({error})")
    if _OTHER_ENCODING in str(error):
        message = f"{path}: its text is in UTF-16, and xetrack uses UTF-8; choose another path"
        return NotADatabaseError(message)
    kind, fix = _KINDS.get(_code(error), (DatabaseError, "the statement failed"))
    return kind(f"{path}: {fix} ({error})")


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection holds a lock."""
    return _code(error) in {_BUSY, _LOCKED}


def is_unwritable(error: sqlite3.Error) -> bool:
    """Whether the file, or its log, cannot be opened for writing."""
    return _code(error) in {_READ_ONLY, _CANNOT_OPEN}


def _code(error: Exception) -> int:
    return int(getattr(error, "sqlite_errorcode", 1)) & _PRIMARY


def check_path(path: str, *, read_only: bool) -> None:
    """Raise for a path that SQLite should not be asked to open."""
    if Path(path).is_dir():
        message = f"{path} is a folder. Pass the path of a file, such as {Path(path) / 'track.db'}."
        raise NotADatabaseError(message)
    if Path(path).exists():
        _check_format(path)
        if not read_only and not os.access(path, os.W_OK):
            # SQLite itself may notice only at the first row, if a killed writer left its log
            raise DatabaseReadOnlyError(f"{path}: {_KINDS[_READ_ONLY][1]}. A Reader can open it.")
        if not read_only and Path(path).stat().st_nlink > 1:
            # SQLite keeps one log per name, so of two writers that use two names, one loses its rows
            message = (
                f"{path} has a second hard link, and writing under two names would lose rows. Replace it with a copy,"
                " or remove the other link."
            )
            raise DatabaseError(message)
        return
    if read_only:
        message = f"{path} does not exist. Check the path; Tracker creates the file when it logs its first row."
        raise DatabaseNotFoundError(message)
    parent = next(folder for folder in Path(path).parents if folder.exists())
    if not parent.is_dir():
        message = f"{path} cannot be created: {parent} is a file, not a folder."
        raise NotADatabaseError(message)
    if not os.access(parent, os.W_OK):
        message = f"{path} cannot be created: {parent} is not writable. Choose another path."
        raise DatabaseReadOnlyError(message)


def _check_format(path: str) -> None:
    """Refuse files shorter than a database header, which SQLite takes for empty ones and overwrites.

    The file is not opened: closing it again would release all of this process's SQLite locks on it.
    """
    if 0 < Path(path).stat().st_size < _SMALLEST:
        raise NotADatabaseError(f"{path}: {_KINDS[_NOT_A_DATABASE][1]}")
