"""What the plugin promises."""

import pickle
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from xetrack import Provider, Reader, Tracker, hookimpl
from xetrack.engines.memory import MemoryEngine
from xetrack.errors import AssetDamagedError, InvalidValueError, PluginNotInstalledError, UntrustedError
from xetrack.protocols import AssetStore, Context
from xetrack.testing import make_row

from xetrack_cli.templates.asset_store.store import FolderStore


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


@pytest.fixture
def context() -> Context:
    """As a tracker gives it."""
    return Context(":memory:", engine=MemoryEngine(), serializers={"pickles": Pickles()})


@pytest.fixture
def store(tmp_path: Path, context: Context) -> FolderStore:
    """A store over an empty folder."""
    return FolderStore(tmp_path / "objects", context)


def test_it_serves_a_tracker_that_asks_for_it(tmp_path: Path) -> None:
    """And a reader finds what was kept."""
    folder = tmp_path / "objects"
    with Tracker(tmp_path / "t.db", template_name=folder, plugins=[Pickles]) as tracker:
        row = tracker.log({"range": range(3)})
        assert isinstance(tracker.assets, AssetStore)
    with Reader(tmp_path / "t.db", template_name=folder) as reader:
        key = reader.to_dicts()[0]["range"]
        assert key == row["range"]
        assert pickle.loads(b"".join(reader.assets.raw(key).pieces)) == range(3)


def test_an_object_is_kept_once(store: FolderStore) -> None:
    """However often it is logged, and for as long as it is used."""
    first, second = store.insert(range(3)), store.insert(range(3))
    assert first == second
    assert (len(store), list(store), store.keys()) == (1, [first], [first])
    info = store.info(first)
    assert info is not None
    assert (info.uses, info.size, info.serializer) == (2, store.size, "pickles")
    assert store.remove(first)
    assert first in store
    assert store.remove(first)
    assert first not in store
    assert not store.remove(first)
    assert store.get(first) is None


def test_an_object_has_a_name_too(store: FolderStore) -> None:
    """Which goes to the next one that is put under it."""
    store.insert(range(3), "model")
    assert store.get("model") == range(3)
    last = store.insert(range(4), "model")
    assert store.get("model") == range(4)
    store.remove(last, None)
    assert store.get("model") is None


def test_uses_never_fall_below_none(store: FolderStore) -> None:
    """And what has none left is told."""
    key = store.insert(range(3))
    assert store.recount({key: 2, "unknown": 1}) == []
    assert store.recount({key: -9}) == [key]
    assert key in store


def test_what_no_row_names_is_collected(store: FolderStore, context: Context) -> None:
    """Whatever its uses."""
    named, unnamed = store.insert(range(3)), store.insert(range(4))
    assert context.engine is not None
    context.engine.append("events", [make_row(0, {"model": named})])
    assert store.unused() == [unnamed]
    assert store.collect() == [unnamed]
    assert store.keys() == [named]
    assert store.collect() == []


def test_two_stores_over_one_folder_count_together(tmp_path: Path, context: Context) -> None:
    """As two processes would."""
    one, two = (FolderStore(tmp_path / "objects", context) for _ in range(2))
    key = one.insert(range(3))
    two.insert(range(3))
    info = one.info(key)
    assert info is not None
    assert info.uses == 2


def test_damage_is_told(store: FolderStore, tmp_path: Path) -> None:
    """And never given out."""
    key = store.insert(range(3))
    (tmp_path / "objects" / key).write_bytes(b"damaged")
    with pytest.raises(AssetDamagedError, match="is damaged"):
        store.get(key)
    (tmp_path / "objects" / key).unlink()
    with pytest.raises(AssetDamagedError, match="is gone"):
        store.raw(key)
    with pytest.raises(KeyError):
        store.raw("unknown")


def test_what_cannot_be_kept_is_refused(store: FolderStore) -> None:
    """And leaves nothing behind."""
    with pytest.raises(InvalidValueError, match="no installed serializer takes"):
        store.insert(None)
    with pytest.raises(InvalidValueError, match="cannot turn into bytes"):
        store.insert(lambda: 1)
    assert len(store) == 0


def test_strangers_run_no_code(tmp_path: Path, store: FolderStore, context: Context) -> None:
    """Where nothing is trusted, what could run code stays as it is, and its bytes can be copied."""
    key = store.insert(range(3))
    careful = FolderStore(tmp_path / "objects", replace(context, trusted=False))
    with pytest.raises(UntrustedError):
        careful.get(key)
    assert careful.raw(key).digest == store.raw(key).digest
    with pytest.raises(PluginNotInstalledError):
        FolderStore(tmp_path / "objects", replace(context, serializers={})).get(key)


def test_the_engine_is_left_alone(context: Context) -> None:
    """It belongs to the tracker."""
    assert context.engine is not None
    with closing(context.engine) as engine:
        assert engine.tables() == []
