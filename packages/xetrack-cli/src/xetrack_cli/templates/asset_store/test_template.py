"""Tests of the plugin: the contracts of xetrack, and what is specific to this store."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from xetrack import Provider, Reader, Tracker, hookimpl
from xetrack.errors import AssetDamagedError, InvalidValueError
from xetrack.plugin import AssetStore, Context
from xetrack_testing import AssetStoreContract, PackagingContract, Parcel

from xetrack_cli.templates.asset_store.store import FolderStore


class TestContract(AssetStoreContract):
    """The contract of asset stores."""

    waivers: ClassVar[Mapping[str, str]] = {
        "test_it_joins_the_transaction_of_the_engine": "a folder has no transactions; collect() removes the objects",
    }

    def open(self, context: Context) -> FolderStore:
        """Open a store beside the database of a test."""
        return FolderStore(Path(context.db).parent / "objects", context)

    def damage(self, place: Path, key: str) -> None:
        """Change the stored bytes of an object."""
        (place / "objects" / key).write_bytes(b"something else")

    def test_a_missing_file_is_an_error(self, store: AssetStore, tmp_path: Path) -> None:
        """Like damage."""
        key = store.insert(Parcel("a"))
        (tmp_path / "objects" / key).unlink()
        with pytest.raises(AssetDamagedError, match="is missing"):
            store.raw(key)

    def test_an_unserializable_object_is_refused(self, store: AssetStore) -> None:
        """It leaves nothing behind."""
        with pytest.raises(InvalidValueError, match="cannot serialize"):
            store.insert(lambda: 1)
        assert len(store) == 0


class TestPackaging(PackagingContract):
    """The contract of distributions."""

    distribution = "template-distribution"


class Pickles:
    """A serializer for everything that can be pickled."""

    safe = False
    general = False

    def takes(self, value: object) -> bool:
        """Accept anything but None."""
        return value is not None

    def dumps(self, value: object) -> bytes:
        """Return a pickle."""
        return pickle.dumps(value)

    def loads(self, data: Any) -> object:
        """Return the value."""
        return pickle.loads(data)

    @hookimpl
    def xetrack_serializers(self) -> list[Provider[Any]]:
        """Register the serializer under a unique name."""
        return [Provider("template_name_pickles", lambda _options, _context: self)]


def test_a_tracker_with_the_option_uses_it(tmp_path: Path) -> None:
    """A reader finds the object too."""
    folder = tmp_path / "objects"
    db = tmp_path / "t.db"
    with Tracker(db, plugins=[Pickles], template_name=folder) as tracker:
        row = tracker.log({"range": range(3)})
        assert isinstance(tracker.assets, AssetStore)
    with Reader(db, template_name=folder) as reader:
        key = reader.to_dicts()[0]["range"]
        assert key == row["range"]
        assert pickle.loads(b"".join(reader.assets.raw(key).pieces)) == range(3)
