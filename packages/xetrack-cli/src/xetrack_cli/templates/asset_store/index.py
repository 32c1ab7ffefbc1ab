"""The index of the objects in a folder: a SQLite database that all processes share."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from xetrack.errors import DatabaseError
from xetrack.plugin import Asset, new_lock

__all__ = ["Index", "Record"]

_OBJECTS = """
CREATE TABLE IF NOT EXISTS objects (
    number INTEGER PRIMARY KEY AUTOINCREMENT, hash TEXT UNIQUE NOT NULL,
    serializer TEXT NOT NULL, size INTEGER NOT NULL, digest BLOB NOT NULL, uses INTEGER NOT NULL
)
"""
_NAMES = "CREATE TABLE IF NOT EXISTS names (name TEXT PRIMARY KEY, hash TEXT NOT NULL)"


class Record(NamedTuple):
    """An object in the index."""

    serializer: str
    size: int
    digest: bytes
    uses: int


class Index:
    """Everything but the bytes. Changes inside `locked()` are committed together or not at all.

    The database is opened for each use, so there is nothing to close.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = new_lock()
        self._db: sqlite3.Connection | None = None
        self._run(_OBJECTS)
        self._run(_NAMES)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other threads and processes from changing anything meanwhile."""
        with self._lock:
            if self._db is not None:  # nested
                yield
                return
            with self._open() as db:
                db.execute("BEGIN IMMEDIATE")
                self._db = db
                try:
                    yield
                    db.execute("COMMIT")  # closing without it rolls back
                finally:
                    self._db = None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=60, isolation_level=None)) as db:
                yield db
        except sqlite3.Error as error:
            raise DatabaseError(f"{self._path}: {error}") from error

    def _run(self, sql: str, *values: Any) -> list[Any]:
        with self._lock:
            if self._db is not None:
                return self._db.execute(sql, values).fetchall()
            with self._open() as db:
                return db.execute(sql, values).fetchall()

    def find(self, key: str) -> Record | None:
        """Return the entry of the object with this hash."""
        found = self._run("SELECT serializer, size, digest, uses FROM objects WHERE hash = ?", key)
        return Record(*found[0]) if found else None

    def add(self, asset: Asset, uses: int) -> None:
        """Add an object."""
        sql = "INSERT INTO objects (hash, serializer, size, digest, uses) VALUES (?, ?, ?, ?, ?)"
        self._run(sql, asset.hash, asset.serializer, asset.size, asset.digest, uses)

    def count(self, key: str, uses: int) -> None:
        """Set the use count of an object."""
        self._run("UPDATE objects SET uses = ? WHERE hash = ?", uses, key)

    def name(self, name: str, key: str) -> None:
        """Give an object a name, taking it from the previous one."""
        self._run("INSERT OR REPLACE INTO names VALUES (?, ?)", name, key)

    def named(self, name: str) -> str | None:
        """Return the hash of the object with this name."""
        found = self._run("SELECT hash FROM names WHERE name = ?", name)
        return str(found[0][0]) if found else None

    def forget(self, key: str) -> None:
        """Remove an object and its names."""
        self._run("DELETE FROM objects WHERE hash = ?", key)
        self._run("DELETE FROM names WHERE hash = ?", key)

    def keys(self) -> list[str]:
        """Return all hashes, in insertion order."""
        return [key for (key,) in self._run("SELECT hash FROM objects ORDER BY number")]

    def names(self) -> dict[str, str]:
        """Return every name and its hash."""
        return dict(self._run("SELECT name, hash FROM names"))
