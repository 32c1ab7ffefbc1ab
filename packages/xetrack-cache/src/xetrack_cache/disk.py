"""Entries in a folder, stored by diskcache: nothing is evicted, unpickled or read from outside the folder."""

import io
import os
import re
import sqlite3
from collections.abc import Iterator, MutableMapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import diskcache
from diskcache.core import MODE_BINARY, MODE_RAW

from xetrack.errors import DatabaseError, DatabaseReadOnlyError, NotADatabaseError, OptionError
from xetrack.plugin import Context, integer
from xetrack_cache.options import CacheOptions
from xetrack_cache.results import Results
from xetrack_cache.single_flight import flights

__all__ = ["DAMAGES", "DATABASE", "DiskEntries", "DiskResults", "SafeDisk", "explained"]

DATABASE = "cache.db"
DAMAGES = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What reading a damaged database raises; the second comes from messages that quote damaged text."""
_VALUE_FILE = re.compile(r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{28}\.val")
_ENTRY = "SELECT mode, filename, value FROM Cache WHERE key = ? AND raw = 1"
# Old entries deleted per new one above the size limit. With diskcache's default, 10, the new one could be deleted too.
_CULLED = 2
_CURE = "Check that the folder can be written and its disk has room, or choose another one with cache=."
_IN_FILES = 2**15  # bytes; diskcache stores values of this size and above in files


class SafeDisk(diskcache.Disk):  # type: ignore[misc] # diskcache has no types
    """Reads and writes values, in a folder that others may have tampered with."""

    def put(self, key: str) -> tuple[str, bool]:
        """Return the stored form of a key: the key itself, as ours are all text."""
        return key, True

    def get(self, key: Any, raw: bool) -> Any:
        """Return a stored key, or None if it would have to be unpickled."""
        return key if raw and type(key) is str else None

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> Any:
        """Return the bytes of a value. Raises `FileNotFoundError` for anything that is not an entry of ours."""
        if mode == MODE_RAW and isinstance(value, bytes):
            return value
        if mode == MODE_BINARY and filename is not None:
            return self._own(filename).read_bytes()
        message = f"not an entry of xetrack-cache: mode {mode}"
        raise FileNotFoundError(message)

    def remove(self, file_path: str) -> None:
        """Remove a value's file, unless it is outside the folder."""
        with suppress(FileNotFoundError):
            self._own(file_path)
            super().remove(file_path)

    def _own(self, filename: str) -> Path:
        root = Path(self._directory).resolve()
        path = (root / filename).resolve()
        if _VALUE_FILE.fullmatch(filename.replace(os.sep, "/")) is None or not path.is_relative_to(root):
            message = f"{filename} is not a value file in {root}"
            raise FileNotFoundError(message)
        return path

    def _write(self, full_path: str, iterator: Iterator[Any], mode: str, encoding: str | None = None) -> int:
        """Write a value's file. If that fails, leave no partial file behind."""
        try:
            size: int = super()._write(full_path, iterator, mode, encoding)
        except BaseException:
            with suppress(OSError):
                Path(full_path).unlink()
            raise
        return size


class _Closing:
    """A thread-local value that closes the thread's connection when the thread ends, which diskcache does not."""

    __slots__ = ("connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        with suppress(sqlite3.Error):  # may run in another thread
            self.connection.close()


class _Cache(diskcache.Cache):  # type: ignore[misc] # diskcache has no types
    """A diskcache that finds an entry with one short query, without expiry and statistics."""

    @property
    def _con(self) -> sqlite3.Connection:
        """The connection of this thread, which is closed when the thread ends."""
        try:
            connection: sqlite3.Connection = super()._con
        except (AttributeError, TypeError) as error:  # the names of settings in the database are not text
            self.close()
            raise sqlite3.DatabaseError(f"invalid diskcache settings: {error}") from error
        if getattr(self._local, "closing", None) is None or self._local.closing.connection is not connection:
            self._local.closing = _Closing(connection)
        return connection

    def entry(self, key: str) -> bytes | None:
        """Return the bytes under a key, or None."""
        connection = getattr(self._local, "con", None) or self._con
        row = connection.execute(_ENTRY, (key,)).fetchone()
        if row is None:
            return None
        mode, filename, value = row
        if mode == MODE_RAW:
            return value if type(value) is bytes else None
        try:
            found: bytes = self._disk.fetch(mode, filename, value, read=False)
        except FileNotFoundError:  # deleted meanwhile, or not an entry of ours
            return None
        return found


class DiskEntries(MutableMapping[str, bytes]):
    """The entries in a folder. Threads share it; a forked child opens the folder again."""

    def __init__(self, folder: Path, size_limit: int | None = None) -> None:
        self.folder = folder
        self._size_limit = size_limit
        self._pid = 0
        self._inherited: list[Any] = []
        _make(folder)
        _check_database(folder / DATABASE)
        self._open()

    def _open(self) -> None:
        evict = self._size_limit is not None
        try:
            self._opened = _Cache(
                str(self.folder),
                disk=SafeDisk,
                eviction_policy="least-recently-stored" if evict else "none",
                cull_limit=_CULLED if evict else 0,
                size_limit=self._size_limit or 2**62,
                statistics=0,
                tag_index=1,
                disk_min_file_size=_IN_FILES,
                sqlite_journal_mode="wal",
                sqlite_synchronous=1,
            )
        except (*DAMAGES, TypeError) as error:  # TypeError: a setting in the database that our disk does not have
            raise explained(error, self.folder) from error
        self._pid = os.getpid()

    @property
    def cache(self) -> Any:
        """The cache, opened by this process."""
        if self._pid != os.getpid():
            # never close the parent's connection: keep it referenced, unused
            self._inherited.append(self._opened)
            self._open()
        return self._opened

    def put(self, key: str, entry: bytes, track_id: str) -> None:
        """Store an entry, tagged with its run."""
        in_file = len(entry) >= _IN_FILES  # read=True writes in blocks; diskcache writes bytes line by line
        try:
            self.cache.set(key, io.BytesIO(entry) if in_file else entry, read=in_file, tag=track_id)
        except BaseException:
            self.cache.close()  # the connection may be stuck in a transaction that failed to commit
            raise

    def delete_run(self, track_id: str) -> int:
        """Delete the entries of a run. Return how many there were."""
        try:
            count: int = self.cache.evict(track_id, retry=True)
        except DAMAGES as error:
            raise explained(error, self.folder) from error
        return count

    def get(self, key: str, default: Any = None) -> Any:
        """Return the entry, or `default`."""
        cache = self._opened if self._pid == os.getpid() else self.cache
        entry = cache.entry(key)
        return default if entry is None else entry

    def __getitem__(self, key: str) -> bytes:
        entry: bytes | None = self.cache.entry(key)
        if entry is None:
            raise KeyError(key)
        return entry

    def __setitem__(self, key: str, entry: bytes) -> None:
        self.put(key, entry, "")

    def __delitem__(self, key: str) -> None:
        if not self.cache.delete(key, retry=True):
            raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return (key for key in self.cache.iterkeys() if key is not None)

    def __len__(self) -> int:
        return len(self.cache)

    def close(self) -> None:
        """Close the database."""
        if self._pid == os.getpid():
            self._opened.close()


class DiskResults(Results):
    """The cache of a tracker with `cache="folder"`."""

    def __init__(self, options: CacheOptions, context: Context) -> None:
        folder, limit = Path(options.cache).expanduser().resolve(), options.cache_size_limit
        self.entries: DiskEntries
        super().__init__(
            DiskEntries(folder, None if limit is None else integer("cache_size_limit", limit)),
            context,
            version=options.cache_version,
            content=options.cache_args == "content",
            flights=lambda: flights(folder),
        )

    def put(self, key: str, entry: bytes, track_id: str) -> None:
        """Store an entry, tagged with its run."""
        self.entries.put(key, entry, track_id)

    def delete_run(self, track_id: str) -> int:
        """Delete the entries that a run computed. Return how many there were."""
        return self.entries.delete_run(track_id)

    def close(self) -> None:
        """Close the database."""
        self.entries.close()


def _make(folder: Path) -> None:
    if os.path.expandvars(folder) != str(folder):
        message = f"cache={str(folder)!r}: diskcache expands $ as a variable. Choose a path without it."
        raise OptionError(message)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        message = f"the cache folder {folder} cannot be created: {error}. {_CURE}"
        raise DatabaseReadOnlyError(message) from error
    if not os.access(folder, os.W_OK):
        raise DatabaseReadOnlyError(f"the cache folder {folder} is not writable. {_CURE}")


def _check_database(path: Path) -> None:
    """Raise `NotADatabaseError` if the file is not a database: diskcache would leave a connection to it open.

    SQLite has to check: opening and closing the file ourselves would release all locks that this process has on it.
    """
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except DAMAGES as error:
        raise explained(error, path.parent) from error


def explained(error: Exception, folder: Path) -> DatabaseError:
    """Return our error for one of `DAMAGES`."""
    if isinstance(error, sqlite3.OperationalError):
        return DatabaseError(f"the cache in {folder} cannot be opened: {error}. {_CURE}")
    message = f"{folder / DATABASE} is not a cache, or is damaged: {error}. Delete the folder, or choose another."
    return NotADatabaseError(message)
