"""diskcache, opened so that it loses nothing by itself, reads no file outside of its folder, and never unpickles."""

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

from xetrack.arguments import integer
from xetrack.errors import DatabaseError, DatabaseReadOnlyError, NotADatabaseError, OptionError
from xetrack.protocols import Context
from xetrack_cache import CacheOptions
from xetrack_cache.results import Results
from xetrack_cache.single_flight import flights

__all__ = ["DAMAGES", "DATABASE", "DiskEntries", "DiskResults", "SafeDisk", "explained"]

DATABASE = "cache.db"
DAMAGES = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What reading a damaged database raises; the second, where the message quotes what is damaged."""
_VALUE_FILE = re.compile(r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{28}\.val")
_ENTRY = "SELECT mode, filename, value FROM Cache WHERE key = ? AND raw = 1"
_CULLED = 2  # old entries that go for a new one, above the limit; with diskcache's ten, the new one went too
_CURE = "Check that it can be written and that its disk has room, or choose another with cache=."
_IN_FILES = 2**15  # bytes, from which on diskcache puts a value into a file of its own


class SafeDisk(diskcache.Disk):  # type: ignore[misc] # diskcache has no types
    """How diskcache reads and writes values, for a folder that somebody may have tampered with."""

    def put(self, key: str) -> tuple[str, bool]:
        """How a key is stored: as it is. All of ours are text."""
        return key, True

    def get(self, key: Any, raw: bool) -> Any:  # noqa: FBT001 - diskcache's signature
        """The key; None for one that would have to be unpickled."""
        return key if raw and type(key) is str else None

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> Any:  # noqa: ARG002, FBT001 - as above
        """The bytes of a value. Raises `FileNotFoundError`, a missing value, for anything else."""
        if mode == MODE_RAW and isinstance(value, bytes):
            return value
        if mode == MODE_BINARY and filename is not None:
            return self._own(filename).read_bytes()
        message = f"no entry of xetrack-cache: mode {mode}"
        raise FileNotFoundError(message)

    def remove(self, file_path: str) -> None:
        """Remove a value's file, if it is one of this folder."""
        with suppress(FileNotFoundError):
            self._own(file_path)
            super().remove(file_path)

    def _own(self, filename: str) -> Path:
        root = Path(self._directory).resolve()
        path = (root / filename).resolve()
        if _VALUE_FILE.fullmatch(filename.replace(os.sep, "/")) is None or not path.is_relative_to(root):
            message = f"{filename} is no value file in {root}"
            raise FileNotFoundError(message)
        return path

    def _write(self, full_path: str, iterator: Iterator[Any], mode: str, encoding: str | None = None) -> int:
        """Write a value's file, or leave none."""
        try:
            size: int = super()._write(full_path, iterator, mode, encoding)
        except BaseException:
            with suppress(OSError):
                Path(full_path).unlink()
            raise
        return size


class _Closing:
    """Closes a connection when the thread goes whose local variable this is: diskcache leaves that to chance."""

    __slots__ = ("connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        with suppress(sqlite3.Error):  # it is another thread's
            self.connection.close()


class _Cache(diskcache.Cache):  # type: ignore[misc] # as above
    """A diskcache that finds an entry in one short query: without expiry, statistics and tags, that we do not use."""

    @property
    def _con(self) -> sqlite3.Connection:
        """The connection of this thread, closed with the thread."""
        try:
            connection: sqlite3.Connection = super()._con
        except (AttributeError, TypeError) as error:  # where a key is no text, of the settings that it applies
            raise sqlite3.DatabaseError(f"settings that are none of diskcache's ({error})") from error
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
    """The entries in a folder. Shared by threads; a forked child opens the folder anew."""

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
        except (*DAMAGES, TypeError) as error:  # the latter, where the settings name what our disk does not have
            raise explained(error, self.folder) from error
        self._pid = os.getpid()

    @property
    def cache(self) -> Any:
        """The cache as this process opened it."""
        if self._pid != os.getpid():
            # the parent's is kept, unused: closing what another process opened is not ours to do
            self._inherited.append(self._opened)
            self._open()
        return self._opened

    def put(self, key: str, entry: bytes, track_id: str) -> None:
        """Store an entry, tagged with its run."""
        in_file = len(entry) >= _IN_FILES
        try:
            self.cache.set(key, io.BytesIO(entry) if in_file else entry, read=in_file, tag=track_id)
        except BaseException:
            self.cache.close()  # a transaction that failed to commit would keep its connection from ever writing
            raise

    def delete_run(self, track_id: str) -> int:
        """Delete the entries of a run; return how many."""
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
        """Let go of the database."""
        if self._pid == os.getpid():
            self._opened.close()


class DiskResults(Results):
    """The cache of a tracker that has `cache="folder"`."""

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
        """Forget what a run computed; return how many entries."""
        return self.entries.delete_run(track_id)

    def close(self) -> None:
        """Let go of the database."""
        self.entries.close()


def _make(folder: Path) -> None:
    if os.path.expandvars(folder) != str(folder):
        message = f"cache={str(folder)!r}: diskcache takes $ for the name of a variable. Choose another folder."
        raise OptionError(message)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        message = f"the cache folder {folder} cannot be made: {error}. {_CURE}"
        raise DatabaseReadOnlyError(message) from error
    if not os.access(folder, os.W_OK):
        raise DatabaseReadOnlyError(f"the cache in {folder} cannot be written. {_CURE}")


def _check_database(path: Path) -> None:
    """Raise `NotADatabaseError` for a file of another kind: diskcache would leave its connection to that open.

    SQLite looks at it: to open and close the file by ourselves would take from this process every lock on it.
    """
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except DAMAGES as error:
        raise explained(error, path.parent) from error


def explained(error: Exception, folder: Path) -> DatabaseError:
    """Our error for one of `DAMAGES`."""
    if isinstance(error, sqlite3.OperationalError):
        return DatabaseError(f"the cache in {folder} cannot be opened: {error}. {_CURE}")
    message = f"{folder / DATABASE} is no cache, or a damaged one: {error}. Delete the folder, or choose another."
    return NotADatabaseError(message)
