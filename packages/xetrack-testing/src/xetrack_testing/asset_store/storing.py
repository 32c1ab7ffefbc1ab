"""Objects go in: serialized once, kept once."""

import threading

import pytest

from xetrack.errors import InvalidValueError, PluginConflictError
from xetrack.plugin import AssetStore
from xetrack_testing.asset_store.fixtures import SERIALIZERS, AssetStoreFixtures, Opener, Parcel, Parcels, uses

__all__ = ["StoringContract"]


class StoringContract(AssetStoreFixtures):
    """`prepare`, `put` and `insert`."""

    def test_it_has_the_methods_of_a_store(self, store: AssetStore) -> None:
        """`isinstance` accepts it."""
        assert isinstance(store, AssetStore)

    def test_an_empty_store_is_empty(self, store: AssetStore) -> None:
        """Reading an empty store raises nothing."""
        assert (store.keys(), store.names(), list(store), len(store), store.size) == ([], {}, [], 0, 0)
        assert (store.unused(), store.collect(), store.recount({}), store.recount({"0" * 16: 1})) == ([], [], [], [])

    def test_preparing_stores_nothing(self, store: AssetStore) -> None:
        """It only serializes: equal objects become equal bytes."""
        one, same, other = (store.prepare(Parcel(text)) for text in ("a", "a", "b"))
        assert (one.hash, one.digest, one.serializer) == (same.hash, same.digest, "parcels")
        assert one.hash != other.hash
        assert one.digest != other.digest
        assert (b"".join(one.pieces), one.size) == (b"parcela", 7)
        assert (len(store), store.keys(), store.get(one.hash), store.info(one.hash)) == (0, [], None, None)

    def test_a_specific_serializer_precedes_a_general_one(self, store: AssetStore) -> None:
        """The general one takes the rest."""
        assert store.prepare(Parcel("a")).serializer == "parcels"
        assert store.prepare([1]).serializer == "anything"

    def test_two_serializers_for_a_value_are_a_conflict(self, opener: Opener) -> None:
        """The store does not pick one."""
        store = opener(serializers={**SERIALIZERS, "others": Parcels()})
        with pytest.raises(PluginConflictError):
            store.prepare(Parcel("a"))

    def test_an_unserializable_value_is_refused(self, opener: Opener) -> None:
        """Because no serializer takes it, or the serializer fails."""
        with pytest.raises(InvalidValueError):
            opener(serializers={"parcels": Parcels()}).prepare([1])
        with pytest.raises(InvalidValueError):
            opener().prepare(threading.Lock())

    def test_an_object_is_found_by_its_hash(self, store: AssetStore) -> None:
        """Objects of any size."""
        for text in ("", "a", "日本", "x" * 3_000_000):
            asset = store.prepare(Parcel(text))
            store.put(asset)
            assert store.get(asset.hash) == Parcel(text)
        assert store.get(store.insert({"a": [1, None]})) == {"a": [1, None]}

    def test_an_object_is_found_by_its_name(self, store: AssetStore) -> None:
        """The most recent object with that name."""
        one = store.insert(Parcel("one"), "model")
        store.put(store.prepare(Parcel("other")), "copy")
        assert (store.get("model"), store.get("copy")) == (Parcel("one"), Parcel("other"))
        two = store.insert(Parcel("two"), "model")
        assert (store.get("model"), store.get(one), store.get(two)) == (Parcel("two"), Parcel("one"), Parcel("two"))

    def test_equal_objects_are_stored_once(self, store: AssetStore) -> None:
        """Each insertion adds a use, under any name."""
        keys = {store.insert(Parcel("same"), name) for name in (None, "a", "b", "a")}
        (key,) = keys
        store.put(store.prepare(Parcel("same")), uses=3)
        assert (store.keys(), len(store), uses(store, key)) == ([key], 1, 7)
