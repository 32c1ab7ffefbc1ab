"""What is known of the objects in a folder: a SQLite database beside them, which all processes share."""

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
    """One object."""

    serializer: str
    size: int
    digest: bytes
    uses: int


class Index:
    """Everything but the bytes. What is changed inside of `locked()` is kept together, or not at all.

    The database is opened for each use: nothing is held open that somebody would have to close.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = new_lock()
        self._db: sqlite3.Connection | None = None
        self._run(_OBJECTS)
        self._run(_NAMES)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else, of any thread or process, changes anything meanwhile."""
        with self._lock:
            if self._db is not None:  # we are inside of such a block already
                yield
                return
            with self._open() as db:
                db.execute("BEGIN IMMEDIATE")
                self._db = db
                try:
                    yield
                    db.execute("COMMIT")  # a database that is closed without it forgets what was begun
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
        """What is known of the object with this hash."""
        found = self._run("SELECT serializer, size, digest, uses FROM objects WHERE hash = ?", key)
        return Record(*found[0]) if found else None

    def add(self, asset: Asset, uses: int) -> None:
        """Know one more."""
        sql = "INSERT INTO objects (hash, serializer, size, digest, uses) VALUES (?, ?, ?, ?, ?)"
        self._run(sql, asset.hash, asset.serializer, asset.size, asset.digest, uses)

    def count(self, key: str, uses: int) -> None:
        """Set the number of its uses."""
        self._run("UPDATE objects SET uses = ? WHERE hash = ?", uses, key)

    def name(self, name: str, key: str) -> None:
        """Find an object under a name too, until another one gets it."""
        self._run("INSERT OR REPLACE INTO names VALUES (?, ?)", name, key)

    def named(self, name: str) -> str | None:
        """The hash of the object of this name."""
        found = self._run("SELECT hash FROM names WHERE name = ?", name)
        return str(found[0][0]) if found else None

    def forget(self, key: str) -> None:
        """Know nothing of an object any more."""
        self._run("DELETE FROM objects WHERE hash = ?", key)
        self._run("DELETE FROM names WHERE hash = ?", key)

    def keys(self) -> list[str]:
        """The hashes of all, in the order in which they came."""
        return [key for (key,) in self._run("SELECT hash FROM objects ORDER BY number")]

    def names(self) -> dict[str, str]:
        """Every name, and its hash."""
        return dict(self._run("SELECT name, hash FROM names"))
