"""Protocols of serializers and asset stores."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from xetrack._spec.content import content_digest, content_hash, new_hasher
from xetrack._spec.types import Buffer
from xetrack.errors import InvalidValueError

__all__ = ["Asset", "AssetInfo", "AssetStore", "Serializer"]

_PART = 4 * 2**20


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

        Pieces may be views of the object's memory: nobody writes to them. Objects with equal bytes are stored as one,
        whichever serializer made them, so begin with a marker of the format unless the bytes are specific to it.
        """

    def loads(self, data: Buffer) -> object:
        """Return the object. `data` belongs to the serializer, which may keep it and write to it."""


@dataclass(frozen=True, slots=True, init=False)
class Asset:
    """A serialized object, ready to be stored. It computes its own hash and digest, the same for every store.

    ```pycon
    >>> Asset("npy", b"some bytes").hash
    '55cfd3deadcabb2a'
    ```

    Attributes:
        hash: `content_hash(pieces)`. Rows hold it in place of the object.
        serializer: name of the provider of the serializer.
        pieces: the bytes, in order.
        digest: `content_digest(pieces)`, since a short `hash` could be forged.
    """

    hash: str = field(init=False)
    serializer: str
    pieces: tuple[Buffer, ...]
    digest: bytes = field(init=False)

    def __init__(self, serializer: str, pieces: Buffer | Iterable[Buffer]) -> None:
        """Hash the bytes.

        Args:
            serializer: name of the provider of the serializer.
            pieces: what its `dumps` returned: the bytes, in one piece or several.
        """
        kept = (pieces,) if isinstance(pieces, Buffer) else tuple(pieces)
        values = {"hash": content_hash(kept), "serializer": serializer, "pieces": kept, "digest": content_digest(kept)}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def size(self) -> int:
        """The number of bytes."""
        return sum(map(len, self.pieces))

    def parts(self, size: int = _PART) -> Iterator[bytes]:
        """Yield the bytes for a store to write, at most `size` of them at a time.

        Pieces may be views of the object's memory, which another thread may change. So bytes that can change are
        hashed again on the way.

        Raises:
            InvalidValueError: after the last part, if the bytes have changed since they were hashed. Undo the write.
        """
        fixed = all(isinstance(piece, bytes) for piece in self.pieces)
        hasher = new_hasher()
        for piece in self.pieces:
            for start in range(0, len(piece), size):
                part = bytes(piece[start : start + size])
                if not fixed:
                    hasher.update(part)
                yield part
        if not fixed and hasher.hexdigest() != self.hash:
            raise InvalidValueError(
                f"The object {self.hash} was changed by another thread while it was logged. Log it again."
            )


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
            asset: what `prepare` returned, or `raw` of another store. Its serializer may be missing here.
            name: `get(name)` returns the object until another one is stored under this name.
            uses: the number of new uses.

        Raises:
            InvalidValueError: its bytes have changed since they were hashed, or its hash belongs to another object
                with another digest. Nothing is stored.
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
        """Return the details of the object with this hash; None if there is no such object."""

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
