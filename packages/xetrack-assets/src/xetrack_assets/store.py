"""The asset store: serializers make the bytes, an index records them, blob stores hold them."""

import errno
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from xetrack.errors import (
    AssetDamagedError,
    DatabaseError,
    DatabaseReadOnlyError,
    InvalidValueError,
    OptionError,
    PluginConflictError,
    PluginNotInstalledError,
    UntrustedError,
    XetrackError,
)
from xetrack.plugin import Asset, AssetInfo, Buffer, Context, Engine, SqlTables, hashes_in
from xetrack_assets import AssetOptions
from xetrack_assets.blobs import MOST_WHOLE, Blobs, Chunks, Folder, Outside, Whole, check_place, open_place
from xetrack_assets.content import compressed, make_asset, original
from xetrack_assets.index import Index, Record
from xetrack_assets.tables import CHUNKS, WHOLE

__all__ = ["Store"]


# Bytes that are written at a time, and a row holds of a long object.
PART = 4 * 2**20

# Free space that makes compacting the file worthwhile: bytes, and the share of the file.
_FREE_BYTES, _FREE_SHARE = 16 * 2**20, 0.1

# Bytes that a compressed object of an untrusted file may unpack to.
_MOST_UNPACKED = 256 * 2**20


class Store:
    """Stores objects by content hash, in or beside the engine's file. Implements `xetrack.plugin.AssetStore`.

    Rows, objects and counts are committed together. Bytes outside the file are written before the commit and removed
    after it, under the file's write lock. At worst, a file remains that nothing refers to.
    """

    def __init__(self, engine: Engine, sql: SqlTables, options: AssetOptions, context: Context) -> None:
        self._engine = engine
        self._sql = sql
        self._index = Index(sql)
        self._compress = options.compress
        self._base = None if options.assets is None else _absolute(options.assets)
        if self._base is not None:
            check_place(self._base, read_only=context.read_only)
        self._serializers = context.serializers
        self._preferred = options.serializer
        self._trusted = context.trusted
        self._in_file: dict[str, Blobs] = {WHOLE: Whole(sql), CHUNKS: Chunks(sql)}
        if self._preferred is not None and self._preferred not in self._serializers:
            raise OptionError(f"serializer={self._preferred!r} is not installed. {self._known()}")

    # Into the store

    def prepare(self, value: object) -> Asset:
        """Serialize an object without storing it. See `AssetStore.prepare`."""
        name = self._choose(value)
        try:
            data = self._serializers[name].dumps(value)
        except MemoryError:
            raise
        except Exception as error:
            kind = f"{type(value).__module__}.{type(value).__qualname__}"
            message = f"is a {kind}, which {name} cannot serialize ({type(error).__name__}: {error})."
            raise InvalidValueError(message) from error
        return make_asset(name, [data] if isinstance(data, Buffer) else data)

    def claims(self, value: object) -> bool:
        """Whether a specialized serializer takes the value. See `AssetStore.claims`."""
        return any(not each.general and each.takes(value) for each in self._serializers.values())

    def _choose(self, value: object) -> str:
        """Return the name of the serializer for a value."""
        if self._preferred is not None and self._serializers[self._preferred].takes(value):
            return self._preferred
        for general in (False, True):
            meant = [name for name, each in self._serializers.items() if each.general is general and each.takes(value)]
            if len(meant) > 1:
                kind = type(value).__qualname__
                message = f"Several serializers take a {kind}: {', '.join(meant)}. Choose one: serializer={meant[0]!r}."
                raise PluginConflictError(message)
            if meant:
                return meant[0]
        kind = type(value).__qualname__
        raise InvalidValueError(f"is a {kind}, which no installed serializer takes. {self._known()}")

    def put(self, asset: Asset, name: str | None = None, uses: int = 1) -> None:
        """Store a prepared object. See `AssetStore.put`."""
        if self._sql.in_transaction:  # without one more savepoint for each object
            self._put(asset, name, uses)
            return
        with self._engine.transaction():
            self._put(asset, name, uses)

    def _put(self, asset: Asset, name: str | None, uses: int) -> None:
        record = self._index.find(asset.hash, name)
        if record is None or record.digest is None:  # new, or of 0.x
            self._index.make()
        if record is None:
            with self._engine.transaction():
                self._index.add(asset, self._write(asset), uses)
        else:
            self._check_same(asset, record)
            if record.digest is None:  # from now on, its bytes need not be read
                self._index.add(asset, record.place, record.uses + uses)
            else:
                self._index.count(asset.hash, record.uses + uses)
        if name is not None and not (record and record.named):
            self._index.name(name, asset.hash)

    def insert(self, value: object, name: str | None = None) -> str:
        """Store an object, and return its hash."""
        asset = self.prepare(value)
        self.put(asset, name)
        return asset.hash

    def _write(self, asset: Asset) -> str:
        """Write the bytes, and return their place."""
        parts, size = asset.parts(PART), asset.size
        if self._compress:
            whole = list(compressed(parts))
            parts, size = iter(whole), sum(map(len, whole))
        place = self._own_place() or (WHOLE if size <= MOST_WHOLE else CHUNKS)
        with _explained(place, "an object cannot be stored here, and nothing of this call was stored"):
            self._blobs(place).put(asset.hash, parts)
        return place

    def _own_place(self) -> str | None:
        """Return the place outside the file for new objects: a subfolder of `assets=` that belongs to this file."""
        if self._base is None:
            return None
        known = sorted(place for place in self._index.places() if place.startswith(f"{self._base}/"))
        return known[0] if known else f"{self._base}/{secrets.token_hex(4)}"

    def _check_same(self, asset: Asset, record: Record) -> None:
        digest = record.digest or self.raw(asset.hash).digest
        if digest != asset.digest:
            message = (
                f"The hash {asset.hash} already belongs to another object, by a rare collision or in a forged file. "
                "Log the object in a list to give it another hash."
            )
            raise InvalidValueError(message)

    # Out of the store

    def get(self, key: str) -> object | None:
        """Return the object with this hash, or the latest under this name. See `AssetStore.get`."""
        found = self._index.find(key)
        if found is None:
            key = self._index.named(key) or ""
            found = self._index.find(key)
        return None if found is None else self._load(key, found)

    def _load(self, key: str, record: Record) -> object:
        serializer = self._serializers.get(record.serializer)
        if serializer is None:
            message = (
                f"The object {key} needs the serializer {record.serializer!r}. Install the plugin that provides it."
            )
            raise PluginNotInstalledError(message)
        if not (self._trusted or serializer.safe):
            raise UntrustedError(_refused(key, f"loads with {record.serializer!r}"))
        data = self._bytes(key, record)
        try:
            return serializer.loads(data)
        except UntrustedError as error:
            raise UntrustedError(_refused(key, f"needs {error}")) from None
        except Exception as error:
            # Without trust, no code of the user ran that could have raised: the bytes are bad.
            if not self._trusted and not isinstance(error, ImportError):
                message = f"The object {key} is not valid {record.serializer}, damaged or forged: {error}."
                raise AssetDamagedError(message) from error
            error.add_note(f"while loading the object {key}, serialized by {record.serializer}")
            raise

    def raw(self, key: str) -> Asset:
        """Return the bytes of an object. Raises `KeyError` or `AssetDamagedError`."""
        record = self._index.find(key)
        if record is None:
            raise KeyError(key)
        return make_asset(record.serializer, [self._bytes(key, record)])

    def _bytes(self, key: str, record: Record) -> Buffer:
        try:
            with _explained(record.place, f"the object {key} cannot be read from here"):
                stored = self._blobs(record.place).get(key)
            data = original(stored, key, None if self._trusted else _MOST_UNPACKED)
        except OverflowError:
            raise UntrustedError(_refused(key, f"unpacks to more than {_MOST_UNPACKED >> 20} MB")) from None
        except KeyError:
            raise AssetDamagedError(
                f"The bytes of the object {key} are missing from {record.place}. Restore them from a backup."
            ) from None
        if data is None:
            raise AssetDamagedError(f"The bytes of the object {key} in {record.place} are damaged: their hash differs.")
        return data

    def _blobs(self, place: str) -> Blobs:
        return self._in_file.get(place) or self._outside(place)

    def _outside(self, place: str) -> Outside:
        """Open a place outside the file. Only the file names it, and a stranger may have written that."""
        if self._base is not None:
            return open_place(f"{self._base}/{place.rpartition('/')[2]}")
        if not self._trusted:
            message = (
                f"According to the database, objects are stored in {place}. If that is right, confirm it with assets=."
            )
            raise UntrustedError(message)
        return open_place(place)

    # Counting and removing

    def recount(self, changes: Mapping[str, int]) -> list[str]:
        """Add to the uses of objects, and return the hashes of those without uses left."""
        if not changes:
            return []
        left = []
        with self._engine.transaction():
            for key, change in changes.items():
                record = self._index.find(key)
                if record is not None:
                    self._index.count(key, max(record.uses + change, 0))
                    left += [key] if record.uses + change <= 0 else []
        return left

    def remove(self, key: str, uses: int | None = 1) -> bool:
        """Take back some uses, or all, and remove the object with the last one. Return whether it existed."""
        outermost = not self._sql.in_transaction
        with self._engine.transaction():
            record = self._index.find(key)
            if record is None:
                return False
            if uses is not None and record.uses > uses:
                self._index.count(key, record.uses - uses)
                return True
            self._forget([key])
        # A transaction around this one may be rolled back, so collect() has to remove the bytes.
        if outermost:
            self._sweep({record.place}, [key])
        return True

    def unused(self) -> list[str]:
        """Return the hashes of objects that no row of any table mentions."""
        known = frozenset(self.keys())
        named: set[str] = set()
        for table in self._engine.tables() if known else ():
            for columns in self._engine.scan(table):
                named |= {key for cells in columns.values() for key in hashes_in(cells, known)}
        return [key for key in self.keys() if key not in named]

    def collect(self) -> list[str]:
        """Remove unused objects, free the disk space, and return their hashes."""
        places = self._index.places()
        # First without the write lock, because it reads every row.
        doomed = self.unused()
        if doomed:
            with self._engine.transaction():
                doomed = self.unused()
                self._forget(doomed)
        if doomed or self._is_sparse():
            self._sql.compact()
        self._sweep(places, None)
        return doomed

    def _is_sparse(self) -> bool:
        """Whether the file has enough free pages, from objects removed one by one, to be worth rewriting."""
        if not self._sql.exists:
            return False
        [(free,)] = self._sql.query("PRAGMA db.freelist_count")
        [(pages,)] = self._sql.query("PRAGMA db.page_count")
        [(size,)] = self._sql.query("PRAGMA db.page_size")
        return bool(free * size >= _FREE_BYTES or free > pages * _FREE_SHARE)

    def _forget(self, keys: list[str]) -> None:
        self._index.make()
        places = self._index.places()
        for key in keys:
            self._index.forget(key)
        for place in places - self._index.places():
            self._index.keep_place(place)

    def _sweep(self, places: set[str], keys: list[str] | None) -> None:
        """Remove bytes outside the file that belong to no object: under some keys, or all."""
        for place in places - self._in_file.keys():
            unremoved = _explained(place, "unused objects cannot be removed")
            # The write lock keeps others from storing objects there meanwhile.
            with self._engine.transaction(), unremoved:
                blobs = self._outside(place)
                if keys is None and isinstance(blobs, Folder):
                    blobs.remove_parts()
                for key in blobs.keys() if keys is None else keys:
                    if self._index.find(key) is None:
                        blobs.remove(key)

    # Looking

    def info(self, key: str) -> AssetInfo | None:
        """Return what is known of an object; None if there is no such object."""
        found = self._index.find(key)
        return None if found is None else AssetInfo(key, found.serializer, found.size, found.uses, found.place)

    @property
    def size(self) -> int:
        """The size of all objects in bytes, uncompressed."""
        return sum(info.size for info in map(self.info, self.keys()) if info)

    def keys(self) -> list[str]:
        """Return the hashes of all objects, oldest first."""
        return self._index.keys()

    def names(self) -> dict[str, str]:
        """Return every name and its hash."""
        return self._index.names()

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._index.find(key) is not None

    def __len__(self) -> int:
        return len(self.keys())

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def _known(self) -> str:
        return f"Installed: {', '.join(sorted(self._serializers))}."


@contextmanager
def _explained(place: str, what: str) -> Iterator[None]:
    """Turn errors of the disk, or of a file system of fsspec, into ours, with the place and the fix."""
    try:
        yield
    except XetrackError:
        raise
    except OSError as error:
        refused = isinstance(error, PermissionError) or error.errno == errno.EROFS
        kind = DatabaseReadOnlyError if refused else DatabaseError
        cure = "Check its permissions" if refused else "Free some space or check the disk"
        raise kind(f"{place}: {what} ({error}). {cure}, or choose another place with assets=.") from error


def _absolute(place: str | os.PathLike[str]) -> str:
    text = os.fspath(place)
    return text.rstrip("/") if "://" in text else str(Path(text).expanduser().resolve())


def _refused(key: str, what: str) -> str:
    return (
        f"The object {key} {what}: loading it could run code from the file's author, or exhaust memory. "
        "If you trust the file, pass trusted=True and unset XETRACK_SAFE."
    )
