"""Uses are counted; unused objects are removed."""

from xetrack.plugin import AssetStore, Engine, Json
from xetrack_testing.asset_store.fixtures import AssetStoreFixtures, Parcel, uses
from xetrack_testing.rows import TABLE, make_row

__all__ = ["CountingContract"]


class CountingContract(AssetStoreFixtures):
    """`remove`, `recount`, `unused` and `collect`."""

    def test_removing_the_last_use_removes_the_object(self, store: AssetStore) -> None:
        """Its names too. `remove` returns whether there was an object."""
        key = store.insert(Parcel("a"), "name")
        store.put(store.raw(key))
        assert (store.remove(key), uses(store, key), store.get(key)) == (True, 1, Parcel("a"))
        assert (store.remove(key), store.get(key), store.get("name"), key in store) == (True, None, None, False)
        assert (store.remove(key), store.size, store.keys()) == (False, 0, [])

    def test_some_or_all_uses_are_removed(self, store: AssetStore) -> None:
        """`None` removes all uses."""
        key = store.insert(Parcel("a"))
        store.put(store.raw(key), uses=4)
        assert (store.remove(key, 3), uses(store, key)) == (True, 2)
        store.put(store.raw(key), uses=7)
        assert (store.remove(key, None), key in store) == (True, False)

    def test_a_removed_object_starts_over(self, store: AssetStore) -> None:
        """The old count does not come back."""
        key = store.insert(Parcel("a"))
        store.remove(key, None)
        assert store.insert(Parcel("a")) == key
        assert (uses(store, key), store.get(key)) == (1, Parcel("a"))

    def test_a_recount_never_goes_below_zero(self, store: AssetStore) -> None:
        """It returns objects without uses, and removes nothing."""
        one, two = store.insert(Parcel("one")), store.insert(Parcel("two"))
        assert store.recount({one: 2, two: -5}) == [two]
        assert (uses(store, one), uses(store, two)) == (3, 0)
        assert store.recount({one: -3, two: 1}) == [one]
        assert (uses(store, one), uses(store, two), len(store)) == (0, 1, 2)

    def test_unused_objects_are_those_in_no_row(self, opened: tuple[AssetStore, Engine]) -> None:
        """Counts do not matter. Cells and JSON of all tables do."""
        store, engine = opened
        cell, inside, other, idle = keys = [store.insert(Parcel(text)) for text in "abcd"]
        engine.append(TABLE, [make_row(0, {"x": cell, "y": Json(f'{{"kept": ["{inside}"]}}')})])
        engine.append("other", [make_row(0, {"x": other})])
        store.recount(dict.fromkeys(keys, -1))
        store.recount({idle: 5})
        assert store.unused() == [idle]
        engine.delete("other", "run-1")
        assert store.unused() == [other, idle]

    def test_collecting_removes_unused_objects(self, opened: tuple[AssetStore, Engine]) -> None:
        """It returns their hashes."""
        store, engine = opened
        kept, idle = (store.insert(Parcel(text)) for text in "ab")
        engine.append(TABLE, [make_row(0, {"x": kept})])
        assert store.collect() == [idle]
        assert (store.keys(), store.get(kept), store.get(idle)) == ([kept], Parcel("a"), None)
        assert store.collect() == []
