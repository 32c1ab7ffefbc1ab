"""What the plugin promises: all that every asset store does, and what this one does beyond."""

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
    """The tests of xetrack for asset stores."""

    waivers: ClassVar[Mapping[str, str]] = {
        "test_it_joins_the_transaction_of_the_engine": "a folder has none: collect() removes what was put",
    }

    def open(self, context: Context) -> FolderStore:
        """A store beside the database of a test."""
        return FolderStore(Path(context.db).parent / "objects", context)

    def damage(self, place: Path, key: str) -> None:
        """Change the bytes of an object."""
        (place / "objects" / key).write_bytes(b"something else")

    def test_a_file_that_is_gone_is_told(self, store: AssetStore, tmp_path: Path) -> None:
        """As damage is."""
        key = store.insert(Parcel("a"))
        (tmp_path / "objects" / key).unlink()
        with pytest.raises(AssetDamagedError, match="is gone"):
            store.raw(key)

    def test_what_cannot_be_kept_is_refused(self, store: AssetStore) -> None:
        """And leaves nothing behind."""
        with pytest.raises(InvalidValueError, match="cannot turn into bytes"):
            store.insert(lambda: 1)
        assert len(store) == 0


class TestPackaging(PackagingContract):
    """The tests of xetrack for distributions."""

    distribution = "template-distribution"


class Pickles:
    """A serializer for everything that is no lambda."""

    safe = False
    general = False

    def takes(self, value: object) -> bool:
        """Nearly anything."""
        return value is not None

    def dumps(self, value: object) -> bytes:
        """Its pickle."""
        return pickle.dumps(value)

    def loads(self, data: Any) -> object:
        """The value."""
        return pickle.loads(data)

    @hookimpl
    def xetrack_serializers(self) -> list[Provider[Any]]:
        """Under a name that nobody else has."""
        return [Provider("template_name_pickles", lambda _options, _context: self)]


def test_it_serves_a_tracker_that_asks_for_it(tmp_path: Path) -> None:
    """And a reader finds what was kept."""
    folder = tmp_path / "objects"
    db = tmp_path / "t.db"
    with Tracker(db, plugins=[Pickles], template_name=folder) as tracker:
        row = tracker.log({"range": range(3)})
        assert isinstance(tracker.assets, AssetStore)
    with Reader(db, template_name=folder) as reader:
        key = reader.to_dicts()[0]["range"]
        assert key == row["range"]
        assert pickle.loads(b"".join(reader.assets.raw(key).pieces)) == range(3)
