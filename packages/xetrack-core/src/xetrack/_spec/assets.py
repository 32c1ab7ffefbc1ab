"""What serializers and asset stores promise."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from xetrack._spec.types import Buffer

__all__ = ["Asset", "AssetInfo", "AssetStore", "Serializer"]


@runtime_checkable
class Serializer(Protocol):
    """Turns values of some kind into bytes and back."""

    safe: bool
    """Whether `loads` runs no code of whoever made the bytes. Where nothing is trusted, only such are asked."""

    general: bool
    """Whether this is one for all kinds of values, asked only for what no other serializer takes."""

    def takes(self, value: object) -> bool:
        """Whether this serializer is meant for `value`, and gives it back as it is."""

    def dumps(self, value: object) -> Buffer | Sequence[Buffer]:
        """The bytes of `value`, in one piece or several, which may be views of its memory: nothing is changed."""

    def loads(self, data: Buffer) -> object:
        """The value again. `data` may be kept and written to: it is nobody else's."""


@dataclass(frozen=True, slots=True)
class Asset:
    """An object turned into bytes, ready to be kept.

    `hash` is what its rows hold instead of it, `serializer` the name of the provider that made the bytes, `pieces` the
    bytes in order, `digest` what tells its content from any other, beyond a hash that could be forged.
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
    """What a store tells of an object without loading it. `size` is in bytes; `place` tells where these are."""

    hash: str
    serializer: str
    size: int
    uses: int
    place: str


@runtime_checkable
class AssetStore(Protocol):
    """Keeps objects once, however often they are logged, under the hash of their content.

    A use is one cell of a row that was logged with the object itself. Rows that were logged with the hash as text are
    no uses, but `unused()` sees them. Only `get` turns bytes into objects.

    A store may have a method `claims(value)` too, which returns whether a serializer for something particular takes the
    value. A dataclass or another config is then stored as an object; otherwise its fields are JSON.
    """

    def prepare(self, value: object) -> Asset:
        """Turn an object into bytes, without storing anything.

        Raises `InvalidValueError` if it cannot be done, `PluginConflictError` if two serializers are meant for it.
        """

    def put(self, asset: Asset, name: str | None = None, uses: int = 1) -> None:
        """Keep what was prepared, or what another store keeps, with so many more uses.

        `get(name)` finds it too, until another object is put under that name. Joins the engine's transaction.
        """

    def insert(self, value: object, name: str | None = None) -> str:
        """`prepare` and `put` in one; returns the hash."""

    def get(self, key: str) -> object | None:
        """The object with this hash, or the last one of this name; None if there is none.

        Raises `AssetDamagedError` if its bytes are not what was stored, `UntrustedError` if loading it could run code
        and the store was opened as not trusted, `PluginNotInstalledError` if its serializer is missing.
        """

    def raw(self, key: str) -> Asset:
        """The bytes of the object with this hash. Raises `KeyError`, or `AssetDamagedError`."""

    def recount(self, changes: Mapping[str, int]) -> list[str]:
        """Add to the uses of objects (never below none), and return the hashes of those that have none left."""

    def remove(self, key: str, uses: int | None = 1) -> bool:
        """Take back some uses, None for all; with the last one the object goes. False if there was no such object."""

    def unused(self) -> list[str]:
        """The hashes of objects that no row of any table names, whatever their uses. Reads every row."""

    def collect(self) -> list[str]:
        """Remove what is unused, give the disk space back, and return the hashes."""

    def info(self, key: str) -> AssetInfo | None:
        """What is known of the object with this hash."""

    @property
    def size(self) -> int:
        """The number of bytes of all objects, before they are compressed."""

    def keys(self) -> list[str]:
        """The hashes of all objects, in the order in which they came."""

    def names(self) -> dict[str, str]:
        """Every name, and the hash of the object that was last put under it."""

    def __contains__(self, key: object) -> bool: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[str]: ...
