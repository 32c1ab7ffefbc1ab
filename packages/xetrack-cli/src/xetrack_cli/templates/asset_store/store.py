"""The store: one file per object, and an index."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from xetrack.errors import (
    AssetDamagedError,
    InvalidValueError,
    PluginConflictError,
    PluginNotInstalledError,
    UntrustedError,
)
from xetrack.plugin import Asset, AssetInfo, Context, hashes_in

from .index import Index

__all__ = ["FolderStore"]


class FolderStore:
    """Stores objects under the hash of their content. `xetrack.plugin.AssetStore` documents each method.

    A folder cannot join the transactions of a database. If a row is rolled back, its objects stay, with one use too
    many, until `collect()` removes objects that are in no row. A folder belongs to one database.
    """

    def __init__(self, folder: str | os.PathLike[str], context: Context) -> None:
        self._folder = Path(folder).expanduser().resolve()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._index = Index(self._folder / "index.db")
        self._context = context

    # Into the store

    def prepare(self, value: object) -> Asset:
        """Serialize an object, without storing it."""
        name = self._serializer_for(value)
        try:
            data = self._context.serializers[name].dumps(value)
        except Exception as error:
            raise InvalidValueError(
                f"is a {_kind(value)}, which the serializer {name} cannot serialize: {error}"
            ) from error
        return Asset(name, data)

    def _serializer_for(self, value: object) -> str:
        """Return the name of a specific serializer for the value, or else of a general one."""
        known = self._context.serializers
        for general in (False, True):
            meant = [name for name, each in known.items() if each.general is general and each.takes(value)]
            if len(meant) > 1:
                raise PluginConflictError(f"Several serializers take a {_kind(value)}: {', '.join(meant)}.")
            if meant:
                return meant[0]
        raise InvalidValueError(
            f"is a {_kind(value)}, which no installed serializer takes. For a general one: pip install xetrack-assets"
        )

    def put(self, asset: Asset, name: str | None = None, uses: int = 1) -> None:
        """Store a prepared object, and add uses."""
        with self._index.locked():
            known = self._index.find(asset.hash)
            if known is None:
                self._write(asset)
                self._index.add(asset, uses)
            elif known.digest != asset.digest:
                raise InvalidValueError(f"The hash {asset.hash} belongs to another object already.")
            else:
                self._index.set_uses(asset.hash, known.uses + uses)
            if name is not None:
                self._index.name(name, asset.hash)

    def insert(self, value: object, name: str | None = None) -> str:
        """Store an object, and return its hash."""
        asset = self.prepare(value)
        self.put(asset, name)
        return asset.hash

    def _write(self, asset: Asset) -> None:
        handle, part = tempfile.mkstemp(dir=self._folder, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines(asset.parts())  # raises if the object has changed since it was hashed
            Path(part).replace(self._folder / asset.hash)
        except BaseException:
            Path(part).unlink()
            raise

    # Out of the store

    def get(self, key: str) -> object | None:
        """Return the object with a hash, or the latest one with a name, or None."""
        if key not in self:
            key = self._index.named(key) or ""
        known = self._index.find(key)
        if known is None:
            return None
        serializer = self._context.serializers.get(known.serializer)
        if serializer is None:
            raise PluginNotInstalledError(
                f"The object {key} needs the serializer {known.serializer!r}. Install the plugin that provides it."
            )
        if not (self._context.trusted or serializer.safe):
            raise UntrustedError(f"Loading the object {key} could run code from whoever stored it.")
        return serializer.loads(bytearray().join(self.raw(key).pieces))

    def raw(self, key: str) -> Asset:
        """Return the bytes of an object. Raises `KeyError` or `AssetDamagedError`."""
        known = self._index.find(key)
        if known is None:
            raise KeyError(key)
        try:
            asset = Asset(known.serializer, (self._folder / key).read_bytes())
        except FileNotFoundError:
            raise AssetDamagedError(f"The file of the object {key} is missing from {self._folder}.") from None
        if asset.digest != known.digest:
            raise AssetDamagedError(f"The file of the object {key} in {self._folder} is damaged.")
        return asset

    # Counting and removing

    def recount(self, changes: Mapping[str, int]) -> list[str]:
        """Add to the uses of objects, and return those without uses."""
        left = []
        with self._index.locked():
            for key, change in changes.items():
                known = self._index.find(key)
                if known is not None:
                    uses = max(known.uses + change, 0)
                    self._index.set_uses(key, uses)
                    left += [] if uses else [key]
        return left

    def remove(self, key: str, uses: int | None = 1) -> bool:
        """Remove some or all uses, and the object with its last use."""
        with self._index.locked():
            known = self._index.find(key)
            if known is None:
                return False
            if uses is not None and known.uses > uses:
                self._index.set_uses(key, known.uses - uses)
            else:
                self._forget(key)
        return True

    def unused(self) -> list[str]:
        """Return the hashes of objects that are in no row."""
        keys = self.keys()
        known, named = frozenset(keys), set[str]()
        engine = self._context.engine
        for table in engine.tables() if engine is not None else ():
            for columns in engine.scan(table) if engine is not None else ():
                named.update(key for cells in columns.values() for key in hashes_in(cells, known))
        return [key for key in keys if key not in named]

    def collect(self) -> list[str]:
        """Remove unused objects, and return their hashes."""
        with self._index.locked():
            doomed = self.unused()
            for key in doomed:
                self._forget(key)
        return doomed

    def _forget(self, key: str) -> None:
        self._index.forget(key)
        (self._folder / key).unlink(missing_ok=True)

    # Looking

    def info(self, key: str) -> AssetInfo | None:
        """Describe an object, without loading it."""
        known = self._index.find(key)
        place = str(self._folder)
        return None if known is None else AssetInfo(key, known.serializer, known.size, known.uses, place)

    @property
    def size(self) -> int:
        """The size of all objects, in bytes."""
        return sum(known.size for known in map(self._index.find, self.keys()) if known)

    def keys(self) -> list[str]:
        """Return all hashes, in insertion order."""
        return self._index.keys()

    def names(self) -> dict[str, str]:
        """Return all names, and the hashes of their latest objects."""
        return self._index.names()

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._index.find(key) is not None

    def __len__(self) -> int:
        return len(self.keys())

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())


def _kind(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"
