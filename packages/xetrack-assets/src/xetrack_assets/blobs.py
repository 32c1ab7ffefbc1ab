"""Where the bytes of objects live: in the database file, in a folder, or behind a URL that fsspec knows.

SQLite limits a value to a billion bytes (sqlite.org/limits.html, 1), so the file holds values of more than `MOST_WHOLE`
bytes in parts. Parts also need no second copy of the object in memory.
"""

import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from xetrack.errors import PluginNotInstalledError
from xetrack.plugin import Buffer, SqlTables, did_you_mean, refused, writable_folder
from xetrack_assets.tables import CHUNKS, assets

__all__ = ["MOST_WHOLE", "Blobs", "Chunks", "Folder", "Whole", "check_place", "open_place"]

MOST_WHOLE = 64 * 2**20
_HASH = re.compile(r"[0-9a-f]{16}")
_PART_NAME = re.compile(r"[0-9a-f]{16}\.[a-z0-9_]{8}")  # as `mkstemp` makes them


class Blobs(Protocol):
    """Bytes by hash."""

    def put(self, key: str, parts: Iterable[bytes]) -> None:
        """Store a value that comes in parts, or replace it."""

    def get(self, key: str) -> Buffer:
        """Return a value. Raises `KeyError`."""


class Outside(Blobs, Protocol):
    """Bytes outside the database file, where a rolled back transaction leaves its own behind."""

    def remove(self, key: str) -> None:
        """Remove a value, if it is there."""

    def keys(self) -> list[str]:
        """Return the hashes of all values."""


def open_place(place: str) -> Outside:
    """Open a folder or URL. Raises `ImportError` if fsspec, or a library that it needs for the URL, is missing."""
    return _Remote(place) if "://" in place else Folder(Path(place))


def check_place(place: str, *, read_only: bool) -> None:
    """Check a place without going there, so that a mistake shows when the tracker opens and not hours later.

    Raises:
        OptionError: The folder is not writable, or fsspec does not know the protocol.
        PluginNotInstalledError: fsspec, or the library that it needs for the protocol, is missing.
    """
    if "://" in place:
        _check_url(place)
    elif not read_only:
        writable_folder("assets", place)


def _check_url(url: str) -> None:
    try:
        from fsspec.registry import get_filesystem_class, known_implementations
    except ImportError as error:
        message = f'assets={url!r} needs fsspec: pip install "xetrack-assets[fsspec]"'
        raise PluginNotInstalledError(message) from error
    # A URL may chain protocols, as in simplecache::s3://bucket.
    for protocol in url.partition("://")[0].split("::"):
        try:
            get_filesystem_class(protocol)
        except ImportError as error:
            raise PluginNotInstalledError(f"assets={url!r}: this protocol needs another library. {error}.") from error
        except ValueError as error:
            guess = did_you_mean(protocol, known_implementations)
            raise refused("assets", url, f"fsspec does not know the protocol {protocol!r}.{guess}") from error


class Whole:
    """Values in one piece, in the table of 0.x. Writing belongs inside a transaction of the engine."""

    def __init__(self, sql: SqlTables) -> None:
        self._table = assets(sql)

    def put(self, key: str, parts: Iterable[bytes]) -> None:
        """Store a value that comes in parts."""
        self._table[key] = b"".join(parts)

    def get(self, key: str) -> bytes:
        """Return a value. Raises `KeyError`, and `AssetDamagedError` if it is not bytes."""
        value: bytes = self._table[key]
        return value


class Chunks:
    """Long values, in several rows each. Writing belongs inside a transaction of the engine."""

    def __init__(self, sql: SqlTables) -> None:
        self._sql = sql

    def put(self, key: str, parts: Iterable[bytes]) -> None:
        """Store a value that comes in parts."""
        self._sql.query(f"DELETE FROM db.{CHUNKS} WHERE key = ?", (key,))
        for number, part in enumerate(parts):
            self._sql.query(f"INSERT INTO db.{CHUNKS} VALUES (?, ?, ?)", (key, number, part))

    def get(self, key: str) -> bytearray:
        """Return a value. Raises `KeyError`."""
        parts = self._sql.query(f"SELECT part, length(data) FROM db.{CHUNKS} WHERE key = ? ORDER BY part", (key,))
        if not parts:
            raise KeyError(key)
        # One part at a time: only one is in memory twice.
        value = bytearray(sum(length for _, length in parts))
        start = 0
        for number, length in parts:
            sql = f"SELECT data FROM db.{CHUNKS} WHERE key = ? AND part = ?"
            [(part,)] = self._sql.query(sql, (key, number))
            value[start : start + length] = part
            start += length
        return value


class Folder:
    """One file per value, complete or absent."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, key: str, parts: Iterable[bytes]) -> None:
        """Store a value that comes in parts."""
        target = self._file(key)
        self._path.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path, prefix=f"{key}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines(parts)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink()
            raise

    def get(self, key: str) -> bytearray:
        """Return a value. Raises `KeyError`."""
        try:
            with self._file(key).open("rb") as file:
                value = bytearray(os.fstat(file.fileno()).st_size)
                file.readinto(value)
                return value
        except FileNotFoundError:
            raise KeyError(key) from None

    def remove(self, key: str) -> None:
        """Remove a value, if it is there."""
        self._file(key).unlink(missing_ok=True)

    def keys(self) -> list[str]:
        """Return the hashes of all values."""
        found = self._path.iterdir() if self._path.is_dir() else ()
        return sorted(path.name for path in found if _HASH.fullmatch(path.name))

    def remove_parts(self) -> None:
        """Remove incomplete files of writers that were killed. Nobody else may be writing."""
        for path in self._path.glob("*.*") if self._path.is_dir() else ():
            if _PART_NAME.fullmatch(path.name):
                path.unlink(missing_ok=True)

    def _file(self, key: str) -> Path:
        # Keys may come from a stranger's file: only hashes reach the file system.
        if not _HASH.fullmatch(key):
            raise KeyError(key)
        return self._path / key


class _Remote:
    """One file per value, behind a URL."""

    def __init__(self, url: str) -> None:
        import fsspec

        self._files: Any = fsspec.get_mapper(url)

    def put(self, key: str, parts: Iterable[bytes]) -> None:
        """Store a value that comes in parts."""
        self._files[key] = b"".join(parts)

    def get(self, key: str) -> bytes:
        """Return a value. Raises `KeyError`."""
        value: bytes = self._files[key]
        return value

    def remove(self, key: str) -> None:
        """Remove a value, if it is there."""
        self._files.pop(key, None)

    def keys(self) -> list[str]:
        """Return the hashes of all values."""
        return list(self._files)
