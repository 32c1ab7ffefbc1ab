"""Where the bytes of objects live. Any `MutableMapping[str, bytes]` will do; one with `put` is spared long values.

Within the database file, a value of more than `MOST_WHOLE` bytes is cut: SQLite takes none of a billion bytes
(sqlite.org/limits.html, 1), and a cut one needs no second copy in memory.
"""

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, MutableMapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from xetrack.errors import PluginNotInstalledError
from xetrack.plugin import Buffer, did_you_mean, refused, writable_folder
from xetrack.sqlite import Database
from xetrack_assets.index import CHUNKS

__all__ = ["MOST_WHOLE", "PART", "Chunks", "Folder", "check_place", "open_place", "put"]

MOST_WHOLE = 64 * 2**20
PART = 4 * 2**20
_HASH = re.compile(r"[0-9a-f]{16}")
_PART_NAME = re.compile(r"[0-9a-f]{16}\.[a-z0-9_]{8}")  # as `mkstemp` makes them


def put(blobs: MutableMapping[str, Any], key: str, parts: Iterable[bytes]) -> None:
    """Set the value of `key` to the bytes that come in parts."""
    if isinstance(blobs, (Chunks, Folder)):
        blobs.put(key, parts)
    else:
        blobs[key] = b"".join(parts)


def open_place(place: str) -> MutableMapping[str, Any]:
    """The values in a folder, or behind a URL that fsspec knows.

    Raises `ModuleNotFoundError` if fsspec, or what it needs for that kind of URL, is missing.
    """
    if "://" not in place:
        return Folder(Path(place))
    import fsspec

    mapper: MutableMapping[str, Any] = fsspec.get_mapper(place)
    return mapper


def check_place(place: str, *, read_only: bool) -> None:
    """Check what can be checked of a place without going there: what is wrong with it should not show hours later.

    Raises:
        OptionError: the folder cannot be written, or fsspec knows no such protocol.
        PluginNotInstalledError: fsspec, or the library that it needs for the protocol, is missing.
    """
    if "://" in place:
        _check_protocols(place)
    elif not read_only:
        writable_folder("assets", place)


def _check_protocols(place: str) -> None:
    if find_spec("fsspec") is None:
        raise PluginNotInstalledError(f'assets={place!r} needs fsspec: pip install "xetrack-assets[fsspec]"')
    from fsspec.registry import get_filesystem_class, known_implementations, registry

    for protocol in place.partition("://")[0].split("::"):  # such as simplecache::s3
        if protocol in registry:
            continue
        known = known_implementations.get(protocol)
        if known is None:
            guess = did_you_mean(protocol, known_implementations)
            raise refused("assets", place, f"fsspec knows no protocol {protocol!r}.{guess}")
        library = known["class"].partition(".")[0]
        if library == "fsspec":
            try:
                get_filesystem_class(protocol)
            except ImportError as error:
                message = f"assets={place!r}: {known.get('err') or error}. Install what is missing with pip."
                raise PluginNotInstalledError(message) from error
        elif find_spec(library) is None:  # not imported: some take seconds
            raise PluginNotInstalledError(f"assets={place!r} needs {library}: pip install {library}")


class Chunks(MutableMapping[str, Buffer]):
    """Long values, cut into rows of a table. Writing belongs inside a transaction of the engine."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, key: str, parts: Iterable[bytes]) -> None:
        """Set a value, part by part."""
        self._database.query(f"DELETE FROM db.{CHUNKS} WHERE key = ?", (key,))
        for number, part in enumerate(parts):
            self._database.query(f"INSERT INTO db.{CHUNKS} VALUES (?, ?, ?)", (key, number, part))

    def __setitem__(self, key: str, value: Buffer) -> None:
        self.put(key, (bytes(value[start : start + PART]) for start in range(0, len(value), PART)))

    def __getitem__(self, key: str) -> bytearray:
        parts = self._database.query(f"SELECT part, length(data) FROM db.{CHUNKS} WHERE key = ? ORDER BY part", (key,))
        if not parts:
            raise KeyError(key)
        value = bytearray(sum(length for _, length in parts))
        start = 0
        for number, length in parts:
            sql = f"SELECT data FROM db.{CHUNKS} WHERE key = ? AND part = ?"
            [(part,)] = self._database.query(sql, (key, number))
            value[start : start + length] = part
            start += length
        return value

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._database.query(f"DELETE FROM db.{CHUNKS} WHERE key = ?", (key,))

    def __contains__(self, key: object) -> bool:
        return bool(self._database.query(f"SELECT 1 FROM db.{CHUNKS} WHERE key = ? LIMIT 1", (key,)))

    def __iter__(self) -> Iterator[str]:
        return iter([key for (key,) in self._database.query(f"SELECT DISTINCT key FROM db.{CHUNKS}")])

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Folder(MutableMapping[str, Buffer]):
    """A file for each value, complete or not there at all. Keys are hashes: nothing else reaches the file system."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def _file(self, key: str) -> Path:
        if not _HASH.fullmatch(key):
            raise KeyError(key)
        return self._path / key

    def put(self, key: str, parts: Iterable[bytes]) -> None:
        """Set a value, part by part."""
        target = self._file(key)
        self._path.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path, prefix=f"{key}.")
        try:
            with os.fdopen(handle, "wb") as file:
                for part in parts:
                    file.write(part)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink()
            raise

    def remove_parts(self) -> None:
        """Remove incomplete files of writers that were killed. Nobody may be writing."""
        for path in self._path.glob("*.*") if self._path.is_dir() else ():
            if _PART_NAME.fullmatch(path.name):
                path.unlink(missing_ok=True)

    def __setitem__(self, key: str, value: Buffer) -> None:
        self.put(key, [bytes(value)])

    def __getitem__(self, key: str) -> bytearray:
        try:
            with self._file(key).open("rb", buffering=0) as file:
                value = bytearray(os.fstat(file.fileno()).st_size)
                view, start = memoryview(value), 0
                while read := file.readinto(view[start:]):
                    start += read
                return value
        except FileNotFoundError:
            raise KeyError(key) from None

    def __delitem__(self, key: str) -> None:
        try:
            self._file(key).unlink()
        except FileNotFoundError:
            raise KeyError(key) from None

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and bool(_HASH.fullmatch(key)) and self._file(key).is_file()

    def __iter__(self) -> Iterator[str]:
        found = self._path.iterdir() if self._path.is_dir() else ()
        return iter(sorted(path.name for path in found if _HASH.fullmatch(path.name)))

    def __len__(self) -> int:
        return sum(1 for _ in self)
