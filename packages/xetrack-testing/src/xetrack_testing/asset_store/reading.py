"""Objects come out: loaded, as bytes, or listed."""

from contextlib import closing
from pathlib import Path

import pytest

from xetrack.errors import AssetDamagedError, PluginNotInstalledError, UntrustedError
from xetrack.plugin import AssetStore, Context
from xetrack_testing.asset_store.fixtures import SERIALIZERS, AssetStoreFixtures, Opener, Parcel, Parcels, uses

__all__ = ["ReadingContract"]


class ReadingContract(AssetStoreFixtures):
    """`get`, `raw`, `info`, `keys`, `names` and the like."""

    def test_an_unknown_object_is_missing(self, store: AssetStore) -> None:
        """Each method reports it in its own way, also for names and for keys that are not text."""
        store.insert(Parcel("a"), "name")
        unknown = "0" * 16
        assert (store.get(unknown), store.info(unknown), store.remove(unknown)) == (None, None, False)
        assert [each in store for each in (unknown, "name", 5, None)] == [False] * 4
        with pytest.raises(KeyError):
            store.raw(unknown)

    def test_raw_returns_the_prepared_bytes(self, store: AssetStore) -> None:
        """With the serializer's name and a digest: enough to store them elsewhere."""
        asset = store.prepare(Parcel("a"))
        store.put(asset)
        raw = store.raw(asset.hash)
        assert (raw.hash, raw.serializer, raw.digest) == (asset.hash, "parcels", asset.digest)
        assert (b"".join(raw.pieces), raw.size) == (b"parcela", 7)

    def test_bytes_move_from_store_to_store(self, store: AssetStore, opener: Opener) -> None:
        """As when databases are copied, with the given number of uses."""
        key = store.insert(Parcel("a"))
        raw = store.raw(key)
        store.remove(key, None)
        other = opener()
        other.put(raw, uses=4)
        assert (other.get(key), uses(other, key)) == (Parcel("a"), 4)

    def test_info_describes_an_object(self, store: AssetStore) -> None:
        """The object is not loaded."""
        key = store.insert(Parcel("abc"))
        info = store.info(key)
        assert info is not None
        assert (info.hash, info.serializer, info.size, info.uses) == (key, "parcels", 9, 1)
        assert isinstance(info.place, str)

    def test_objects_are_listed_in_insertion_order(self, store: AssetStore) -> None:
        """With their number and total size."""
        keys = [store.insert(Parcel(text)) for text in "hello world"]
        wanted = list(dict.fromkeys(keys))
        assert (store.keys(), list(store), len(store)) == (wanted, wanted, 8)
        assert all(key in store for key in wanted)
        assert store.size == 8 * 7

    def test_names_map_to_hashes(self, store: AssetStore) -> None:
        """Each name maps to its most recent object; names of removed objects are gone."""
        one, two = (store.insert(Parcel(text), "model") for text in ("one", "two"))
        store.put(store.raw(one), "copy", uses=0)
        store.put(store.raw(one), "日本", uses=0)
        store.insert(Parcel("nameless"))
        assert store.names() == {"model": two, "copy": one, "日本": one}
        assert uses(store, one) == 1
        store.remove(one, None)
        assert store.names() == {"model": two}

    def test_a_missing_serializer_is_an_error(self, store: AssetStore, opener: Opener) -> None:
        """The error names the serializer; `raw` still works."""
        key = store.insert([1])
        other = opener(serializers={"parcels": Parcels()})
        with pytest.raises(PluginNotInstalledError, match="anything"):
            other.get(key)
        assert other.raw(key).serializer == "anything"

    def test_untrusted_reading_runs_no_code(self, store: AssetStore, opener: Opener) -> None:
        """Only safe serializers load; other objects raise, but can be inspected."""
        safe, unsafe = store.insert(Parcel("a")), store.insert([1])
        careful = opener(trusted=False)
        assert careful.get(safe) == Parcel("a")
        with pytest.raises(UntrustedError):
            careful.get(unsafe)
        assert (careful.raw(unsafe).serializer, uses(careful, unsafe)) == ("anything", 1)

    def test_damage_is_detected(self, tmp_path: Path, opener: Opener) -> None:
        """On reading. Other objects are not affected."""
        with closing(self.engine(tmp_path)) as engine:
            store = self.open(Context(str(tmp_path / "track.db"), engine=engine, serializers=SERIALIZERS))
            keys = [store.insert(Parcel(text)) for text in ("first", "second")]
        self.damage(tmp_path, keys[0])
        again = opener()
        for read in (again.get, again.raw):
            with pytest.raises(AssetDamagedError):
                read(keys[0])
        assert again.get(keys[1]) == Parcel("second")
