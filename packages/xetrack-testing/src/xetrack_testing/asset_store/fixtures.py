"""What the tests of asset stores share: objects, their serializers, and fixtures that open stores."""

import pickle
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from xetrack.plugin import AssetStore, Buffer, Context, Engine, Serializer
from xetrack.sqlite import SqliteEngine
from xetrack_testing.contract import Contract

__all__ = ["SERIALIZERS", "AssetStoreFixtures", "Opener", "Parcel", "Parcels", "uses"]

Opener = Callable[..., AssetStore]


class Parcel:
    """The objects that the contract stores. They have a safe serializer of their own."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    __hash__ = None  # type: ignore[assignment] # like most logged objects

    def __repr__(self) -> str:
        return f"Parcel({self.text!r})"


class Parcels:
    """Serializes parcels only."""

    safe, general = True, False

    def takes(self, value: object) -> bool:
        """Accept parcels."""
        return isinstance(value, Parcel)

    def dumps(self, value: Any) -> list[Buffer]:
        """Return a marker and the text."""
        data = value.text.encode()
        return [b"parcel", memoryview(data)]

    def loads(self, data: Buffer) -> Parcel:
        """Return the parcel."""
        return Parcel(bytes(data)[6:].decode())


class _Anything:
    """Serializes anything else as a pickle, which may run code when loaded."""

    safe, general = False, True

    def takes(self, value: object) -> bool:
        return True

    def dumps(self, value: object) -> bytes:
        return pickle.dumps(value, 5)

    def loads(self, data: Buffer) -> object:
        return pickle.loads(data)


SERIALIZERS: dict[str, Serializer] = {"parcels": Parcels(), "anything": _Anything()}


class AssetStoreFixtures(Contract):
    """Opens stores for the tests. See `AssetStoreContract`."""

    @abstractmethod
    def open(self, context: Context) -> AssetStore:
        """Return a store for the objects in the rows of `context.engine`."""

    def engine(self, place: Path) -> Engine:
        """Return an engine on the database of `place`; by default SQLite."""
        return SqliteEngine(str(place / "track.db"))

    def damage(self, place: Path, key: str) -> None:
        """Change the stored bytes of an object."""
        self.skip_without("damage")

    @pytest.fixture
    def opener(self, tmp_path: Path) -> Iterator[Opener]:
        """A function that opens stores in this test's folder, each with an engine of its own, closed after the test."""
        with ExitStack() as opened:

            def open_store(**settings: Any) -> AssetStore:
                engine = opened.enter_context(closing(self.engine(tmp_path)))
                settings = {"serializers": SERIALIZERS, "track_id": "run-1", **settings}
                return self.open(Context(str(tmp_path / "track.db"), engine=engine, **settings))

            yield open_store

    @pytest.fixture
    def opened(self, tmp_path: Path) -> Iterator[tuple[AssetStore, Engine]]:
        """A store and its engine."""
        with closing(self.engine(tmp_path)) as engine:
            context = Context(str(tmp_path / "track.db"), track_id="run-1", engine=engine, serializers=SERIALIZERS)
            yield self.open(context), engine

    @pytest.fixture
    def store(self, opened: tuple[AssetStore, Engine]) -> AssetStore:
        """An empty store."""
        return opened[0]


def uses(store: AssetStore, key: str) -> int:
    """Return the number of uses of an object, which must exist."""
    info = store.info(key)
    assert info is not None, f"the object {key} is missing"
    return info.uses
