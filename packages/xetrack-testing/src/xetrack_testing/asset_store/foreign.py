"""Assets made elsewhere: by other stores and serializers, as when databases are copied."""

import pytest

from xetrack.errors import InvalidValueError, PluginNotInstalledError
from xetrack.plugin import Asset, AssetStore, content_digest, content_hash
from xetrack_testing.asset_store.fixtures import AssetStoreFixtures, Parcel, uses

__all__ = ["ForeignContract"]

# Different bytes with one xxh64: anybody can make such bytes.
_ONE, _OTHER = b"parcel of colour", b"parcel a\xac\x1b\xcc\x0c\xf5\x95{\x0c"


class ForeignContract(AssetStoreFixtures):
    """`put` takes what other stores made, because all stores compute hashes and digests alike."""

    def test_hash_and_digest_are_those_of_the_core(self, store: AssetStore) -> None:
        """They depend on the bytes only, so that an object has one hash in all stores."""
        asset = store.prepare(Parcel("a"))
        assert (asset.hash, asset.digest) == (content_hash([b"parcela"]), content_digest([b"parcela"]))
        store.put(asset)
        raw = store.raw(asset.hash)
        assert (raw.hash, raw.digest) == (asset.hash, asset.digest)

    @pytest.mark.parametrize(
        "pieces",
        [[b"parcela"], [b"par", b"", b"cela"], [bytearray(b"parcela")], [memoryview(b"parcel"), memoryview(b"a")]],
        ids=["bytes", "pieces", "bytearray", "views"],
    )
    def test_an_asset_made_elsewhere_is_stored(self, store: AssetStore, pieces: list[bytes]) -> None:
        """However its bytes are cut, it is the same object as one that this store made."""
        foreign = Asset("parcels", pieces)
        store.put(foreign, "name")
        assert (store.get(foreign.hash), store.get("name"), store.keys()) == (Parcel("a"), Parcel("a"), [foreign.hash])
        raw = store.raw(foreign.hash)
        assert (raw.hash, raw.digest, b"".join(raw.pieces)) == (foreign.hash, foreign.digest, b"parcela")
        assert store.insert(Parcel("a")) == foreign.hash
        assert uses(store, foreign.hash) == 2

    def test_an_asset_of_a_missing_serializer_is_stored(self, store: AssetStore) -> None:
        """It can be passed on, but not loaded."""
        foreign = Asset("elsewhere", [b"a format ", b"of its own"])
        store.put(foreign)
        raw = store.raw(foreign.hash)
        assert (raw.hash, raw.digest, raw.serializer) == (foreign.hash, foreign.digest, "elsewhere")
        assert b"".join(raw.pieces) == b"a format of its own"
        with pytest.raises(PluginNotInstalledError, match="elsewhere"):
            store.get(foreign.hash)

    def test_bytes_that_changed_are_refused(self, store: AssetStore) -> None:
        """An object that another thread changes after it was hashed does not match its digest. Nothing is stored."""
        memory = bytearray(b"parcela")
        asset = Asset("parcels", [memoryview(memory)])
        memory[-1:] = b"b"
        with pytest.raises(InvalidValueError):
            store.put(asset, "name")
        assert (store.keys(), store.names(), store.get(asset.hash)) == ([], {}, None)
        assert store.get(store.insert(Parcel("a"))) == Parcel("a")

    def test_a_forged_hash_is_refused(self, store: AssetStore) -> None:
        """The digest tells that it belongs to another object, which is kept."""
        one, other = Asset("parcels", _ONE), Asset("parcels", _OTHER)
        assert one.hash == other.hash
        store.put(one, "name")
        with pytest.raises(InvalidValueError):
            store.put(other, "other")
        assert (b"".join(store.raw(one.hash).pieces), uses(store, one.hash)) == (_ONE, 1)
        assert store.names() == {"name": one.hash}
