"""The conformance tests, and tests of what this asset store adds."""

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
    """The conformance tests for asset stores."""

    waivers: ClassVar[Mapping[str, str]] = {
        "test_it_joins_the_transaction_of_the_engine": "a folder has none: collect() removes what was put",
    }

    def open(self, context: Context) -> FolderStore:
        """Open a store beside the database of a test."""
        return FolderStore(Path(context.db).parent / "objects", context)

    def damage(self, place: Path, key: str) -> None:
        """Change the bytes of an object."""
        (place / "objects" / key).write_bytes(b"something else")

    def test_a_file_that_is_gone_is_told(self, store: AssetStore, tmp_path: Path) -> None:
        """Like any damage."""
        key = store.insert(Parcel("a"))
        (tmp_path / "objects" / key).unlink()
        with pytest.raises(AssetDamagedError, match="is missing"):
            store.raw(key)

    def test_what_cannot_be_kept_is_refused(self, store: AssetStore) -> None:
        """And leaves nothing behind."""
        with pytest.raises(InvalidValueError, match="cannot serialize"):
            store.insert(lambda: 1)
        assert len(store) == 0


class TestPackaging(PackagingContract):
    """The conformance tests for distributions."""

    distribution = "template-distribution"


class Pickles:
    """A serializer for everything but lambdas."""

    safe = False
    general = False

    def takes(self, value: object) -> bool:
        """Whether the value is not a lambda."""
        return value is not None

    def dumps(self, value: object) -> bytes:
        """Pickle a value."""
        return pickle.dumps(value)

    def loads(self, data: Any) -> object:
        """Unpickle a value."""
        return pickle.loads(data)

    @hookimpl
    def xetrack_serializers(self) -> list[Provider[Any]]:
        """Under a name of its own."""
        return [Provider("template_name_pickles", lambda _options, _context: self)]


def test_it_serves_a_tracker_that_asks_for_it(tmp_path: Path) -> None:
    """And a reader finds it."""
    folder = tmp_path / "objects"
    db = tmp_path / "t.db"
    with Tracker(db, plugins=[Pickles], template_name=folder) as tracker:
        row = tracker.log({"range": range(3)})
        assert isinstance(tracker.assets, AssetStore)
    with Reader(db, template_name=folder) as reader:
        key = reader.to_dicts()[0]["range"]
        assert key == row["range"]
        assert pickle.loads(b"".join(reader.assets.raw(key).pieces)) == range(3)
