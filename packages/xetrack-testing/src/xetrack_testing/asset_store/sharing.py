"""A store beside others: the engine, other stores, threads, and a tracker."""

from functools import partial
from pathlib import Path

import pytest

from xetrack import Tracker
from xetrack.plugin import AssetStore, Engine, Plugin, Provider, Serializer
from xetrack_testing.asset_store.fixtures import AssetStoreFixtures, Opener, Parcel, Parcels, uses
from xetrack_testing.rows import TABLE, make_row
from xetrack_testing.threads import run_together

__all__ = ["SharingContract"]


class SharingContract(AssetStoreFixtures):
    """Transactions, reopening, concurrency, and `Tracker`."""

    def test_it_joins_the_transaction_of_the_engine(self, opened: tuple[AssetStore, Engine]) -> None:
        """Rows and objects are committed together or not at all, and the store stays usable."""
        store, engine = opened
        kept = store.insert(Parcel("kept"), "name")
        with pytest.raises(ZeroDivisionError), engine.transaction():
            store.put(store.prepare(Parcel("gone")), "name")
            store.put(store.raw(kept), uses=9)
            engine.append(TABLE, [make_row(0)])
            _ = 1 / 0
        assert (store.keys(), uses(store, kept), store.get("name")) == ([kept], 1, Parcel("kept"))
        with pytest.raises(ZeroDivisionError), engine.transaction():
            store.remove(kept, None)
            _ = 1 / 0
        assert (store.get(kept), uses(store, kept)) == (Parcel("kept"), 1)
        with engine.transaction():
            gone = store.insert(Parcel("gone"))
            engine.append(TABLE, [make_row(0, {"x": gone})])
        assert (store.get(gone), engine.count(TABLE)) == (Parcel("gone"), 1)

    def test_objects_survive_reopening(self, opener: Opener) -> None:
        """With names, counts and order."""
        first = opener()
        keys = [first.insert(Parcel(text), "name") for text in "cab"]
        first.put(first.raw(keys[1]))
        second = opener()
        assert (second.keys(), second.get("name")) == (keys, Parcel("b"))
        assert [uses(second, key) for key in keys] == [1, 2, 1]

    def test_two_stores_on_one_database_agree(self, opener: Opener) -> None:
        """On objects and counts, after any sequence of insertions and removals."""
        one, two = opener(), opener()
        key = one.insert(Parcel("a"))
        assert two.insert(Parcel("a")) == key
        assert (uses(one, key), uses(two, key)) == (2, 2)
        one.remove(key)
        assert two.remove(key)
        assert (one.get(key), key in two, one.remove(key)) == (None, False, False)
        two.insert(Parcel("a"))
        assert (one.keys(), uses(one, key), one.get(key)) == ([key], 1, Parcel("a"))

    def test_threads_share_a_store(self, store: AssetStore) -> None:
        """Each object is stored once, and every use is counted."""

        def insert(thread: int) -> None:
            for number in range(10):
                store.insert(Parcel(f"{number}"))
                store.insert(Parcel(f"of {thread}"))

        run_together(*(partial(insert, thread) for thread in range(4)))
        assert sorted(uses(store, key) for key in store) == [4] * 10 + [10] * 4

    def test_a_tracker_logs_objects_into_it(self, tmp_path: Path) -> None:
        """The row contains the hash, and removing the asset removes its use."""
        contract = self

        class UnderTest(Plugin):
            def xetrack_asset_stores(self) -> list[Provider[AssetStore]]:
                return [Provider("under-test", lambda _, context: contract.open(context))]

            def xetrack_serializers(self) -> list[Provider[Serializer]]:
                return [Provider("parcels", lambda _, __: Parcels())]

        with Tracker(tmp_path / "track.db", plugins=[UnderTest]) as tracker:
            key = tracker.log({"model": Parcel("a")})["model"]
            tracker.log_batch([{"model": Parcel("a")}, {"model": Parcel("b")}])
            assert (tracker.get(key), tracker.get("model")) == (Parcel("a"), Parcel("b"))
            assert (uses(tracker.assets, key), tracker.assets.unused()) == (2, [])
            assert tracker.remove_asset(key, "model")
            assert key not in tracker.assets
