"""Protocols of serializers and asset stores."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from xetrack._spec.types import Buffer

__all__ = ["Asset", "AssetInfo", "AssetStore", "Serializer"]


@runtime_checkable
class Serializer(Protocol):
    """Turns some kinds of objects into bytes and back.

    Attributes:
        safe: whether `loads` never runs code that the bytes bring. Untrusted files are read with safe serializers only.
        general: whether this is a fallback, asked only for objects that no other serializer takes.
    """

    safe: bool
    general: bool

    def takes(self, value: object) -> bool:
        """Return whether `loads(dumps(value))` is equal to `value` and of the same type."""

    def dumps(self, value: object) -> Buffer | Sequence[Buffer]:
        """Return the object as bytes, in one piece or several.

        Pieces may be views of the object's memory: nobody writes to them.
        """

    def loads(self, data: Buffer) -> object:
        """Return the object. `data` belongs to the serializer, which may keep it and write to it."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A serialized object, ready to be stored.

    Attributes:
        hash: the hash of its content. Rows hold it in place of the object.
        serializer: name of the provider of the serializer.
        pieces: the bytes, in order.
        digest: a cryptographic digest of the content, since a short `hash` could be forged.
    """

    hash: str
    serializer: str
    pieces: tuple[Buffer, ...]
    digest: bytes

    @property
    def size(self) -> int:
        """The number of bytes."""
        return sum(map(len, self.pieces))


@dataclass(frozen=True, slots=True)
class AssetInfo:
    """What a store knows about an object without loading it.

    Attributes:
        hash: the hash of its content.
        serializer: name of the provider of the serializer.
        size: number of bytes, before compression.
        uses: number of cells that were logged with the object.
        place: where the bytes are, for people to read.
    """

    hash: str
    serializer: str
    size: int
    uses: int
    place: str


@runtime_checkable
class AssetStore(Protocol):
    """Stores each object once, under the hash of its content, however often it is logged.

    A *use* is a cell that was logged with the object itself. Cells that were logged with the hash as text are not
    uses, but `unused()` takes them into account. Only `get` deserializes.

    A store may also have a method `claims(value)`. It returns whether a serializer other than a general one takes a
    config, such as a dataclass. A claimed config is stored as an object, any other as JSON.
    """

    def prepare(self, value: object) -> Asset:
        """Serialize an object without storing it.

        Raises:
            InvalidValueError: no serializer can do it.
            PluginConflictError: two serializers take it, and neither is general.
        """

    def put(self, asset: Asset, name: str | None = None, uses: int = 1) -> None:
        """Store an object in the engine's transaction. If it is there already, only add its uses.

        Args:
            asset: what `prepare` returned, or `raw` of another store.
            name: `get(name)` returns the object until another one is stored under this name.
            uses: the number of new uses.
        """

    def insert(self, value: object, name: str | None = None) -> str:
        """Prepare and put an object; return its hash."""

    def get(self, key: str) -> object | None:
        """Return the object with this hash, or the last one stored under this name; None if there is none.

        Raises:
            AssetDamagedError: its bytes have changed since they were stored.
            UntrustedError: the store was opened as not trusted, and the serializer is not safe.
            PluginNotInstalledError: its serializer is missing.
        """

    def raw(self, key: str) -> Asset:
        """Return the object with this hash, still serialized.

        Raises:
            KeyError: there is no such object.
            AssetDamagedError: its bytes have changed since they were stored.
        """

    def recount(self, changes: Mapping[str, int]) -> list[str]:
        """Change the number of uses of objects, never below zero; return the hashes of those without uses left.

        Args:
            changes: what to add to the uses, by hash. May be negative.
        """

    def remove(self, key: str, uses: int | None = 1) -> bool:
        """Take back uses of an object, and delete it with the last one.

        Args:
            key: its hash.
            uses: how many; None means all.

        Returns:
            Whether there was such an object.
        """

    def unused(self) -> list[str]:
        """Return the hashes of objects that no row of any table names, whatever their uses. Reads every row."""

    def collect(self) -> list[str]:
        """Delete the unused objects, free their disk space, and return their hashes."""

    def info(self, key: str) -> AssetInfo | None:
        """Return what is known about the object with this hash; None if there is none."""

    @property
    def size(self) -> int:
        """The number of bytes of all objects, before compression."""

    def keys(self) -> list[str]:
        """Return the hashes of all objects, oldest first."""

    def names(self) -> dict[str, str]:
        """Return the hash of the last object stored under each name."""

    def __contains__(self, key: object) -> bool: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[str]: ...
