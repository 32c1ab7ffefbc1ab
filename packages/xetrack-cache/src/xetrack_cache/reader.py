"""Read a cache without changing any file, and without importing anything unless it is trusted."""

import pickle
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xetrack.errors import (
    DatabaseError,
    DatabaseNotFoundError,
    NotADatabaseError,
    UntrustedError,
    XetrackWarning,
    outer_level,
)
from xetrack.plugin import safe_mode
from xetrack_cache.disk import DAMAGES, DATABASE, DiskEntries, SafeDisk, explained
from xetrack_cache.entry_format import load_plain, unpack

__all__ = ["Entries", "Unread"]

_COLUMNS = "rowid, key, mode, filename, value"
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Unread:
    """Placeholder in a listing for a result that would import what `why` names."""

    why: str
    size: int

    def __repr__(self) -> str:
        """Show the size of the pickle."""
        return f"<unread result of {self.size} bytes>"


class Entries:
    """The entries in a folder, for reading. Raises `DatabaseNotFoundError` or `NotADatabaseError` for another path.

    Not `trusted`, or with `XETRACK_SAFE` set, nothing but builtin containers, numbers and text is unpickled.
    """

    def __init__(self, folder: Path, *, trusted: bool) -> None:
        self._folder = folder.expanduser().resolve()
        self._load: Callable[[Any], Any] = pickle.loads if trusted and not safe_mode() else load_plain
        self._disk = SafeDisk(str(self._folder))
        self._connection = _connect(self._folder / DATABASE)

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the entry `{"result": value, "cache": track_id}`, or None. Raises `UntrustedError`."""
        query = f"SELECT {_COLUMNS} FROM Cache WHERE key = ? AND raw = 1"
        for row in self._rows(query, key):
            found = unpack(key, self._entry(row))
            if found is not None:
                return {"result": self._load(found[1]), "cache": found[0]}
        return None

    def scan(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield every entry with its key, oldest first. Untrusted results are `Unread`.

        Damaged entries are skipped, with a warning at the end.
        """
        query = f"SELECT {_COLUMNS} FROM Cache WHERE rowid > ? AND raw = 1 ORDER BY rowid LIMIT {_BATCH}"
        last, damaged = -(2**63), 0
        while rows := self._rows(query, last):
            for row in rows:
                entry = self._entry(row)
                if entry is None:
                    continue
                found = unpack(row[1], entry)
                if found is not None:
                    yield row[1], {"result": self._shown(found[1]), "cache": found[0]}
                damaged += found is None
            last = rows[-1][0]
        if damaged:
            entries = "1 entry" if damaged == 1 else f"{damaged} entries"
            message = f"{self._folder}: skipped {entries} that cannot be read (damaged, or not from xetrack-cache)."
            warnings.warn(message, XetrackWarning, stacklevel=outer_level())

    def _rows(self, query: str, bound: object) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(query, (bound,)).fetchall()
        except DAMAGES as error:
            raise explained(error, self._folder) from error

    def _entry(self, row: tuple[int, Any, int, str | None, Any]) -> bytes | None:
        """Return the bytes of an entry, or None if it is not one of ours."""
        _, key, mode, filename, value = row
        if type(key) is not str:
            return None
        try:
            entry: bytes = self._disk.fetch(mode, filename, value, read=False)
        except FileNotFoundError:  # deleted meanwhile
            return None
        except OSError as error:
            file = self._folder / str(filename)
            message = f"{file} cannot be read: {error.strerror}. Check its permissions and the disk."
            raise DatabaseError(message) from error
        return entry

    def _shown(self, pickled: memoryview) -> object:
        try:
            return self._load(pickled)
        except UntrustedError as error:
            return Unread(str(error), len(pickled))

    def delete_run(self, track_id: str) -> int:
        """Delete the entries that a run computed. Return how many there were."""
        with closing(DiskEntries(self._folder)) as entries:
            return entries.delete_run(track_id)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def __del__(self) -> None:
        """Close a reader that was never closed, such as that of a listing that was never started."""
        connection = getattr(self, "_connection", None)
        if connection is not None:
            with suppress(sqlite3.ProgrammingError):  # may run in another thread
                connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        message = f"{path.parent} is not a cache folder. Check the path."
        raise DatabaseNotFoundError(message)
    try:
        connection = _readable(path)
    except DAMAGES as error:
        message = f"{path} is not a cache, or is damaged: {error}."
        raise (DatabaseError if isinstance(error, sqlite3.OperationalError) else NotADatabaseError)(message) from error
    return connection


def _readable(path: Path) -> sqlite3.Connection:
    """Open a connection that only reads and leaves no file behind.

    A read-only connection would leave `-wal` and `-shm` files. A writable one would, on closing, move the log of a
    writer into the database, so it is used only if there is no log. A read-only folder is read without locks.
    """
    log = path.with_name(f"{path.name}-wal")
    modes = ("ro",) if log.exists() and log.stat().st_size else ("rw", "ro", "ro&immutable=1")
    for mode in modes[:-1]:
        with suppress(sqlite3.OperationalError):
            return _opened(f"{path.as_uri()}?mode={mode}")
    return _opened(f"{path.as_uri()}?mode={modes[-1]}")


def _opened(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True)
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute(f"SELECT {_COLUMNS}, raw FROM Cache LIMIT 0").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection
