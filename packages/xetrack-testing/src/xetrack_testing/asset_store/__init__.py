"""What every asset store promises: one test per promise of `xetrack.plugin.AssetStore`."""

from xetrack_testing.asset_store.counting import CountingContract
from xetrack_testing.asset_store.fixtures import Parcel
from xetrack_testing.asset_store.foreign import ForeignContract
from xetrack_testing.asset_store.reading import ReadingContract
from xetrack_testing.asset_store.sharing import SharingContract
from xetrack_testing.asset_store.storing import StoringContract

__all__ = ["AssetStoreContract", "Parcel"]


class AssetStoreContract(StoringContract, ForeignContract, ReadingContract, CountingContract, SharingContract):
    """Subclass it as `Test...`, define how to open your store and how to damage its objects, and run pytest.

    ```python
    class TestMyStore(AssetStoreContract):
        def open(self, context: Context) -> MyStore:
            return MyStore(context.engine, context.serializers, context.trusted)

        def damage(self, place: Path, key: str) -> None:
            (place / "objects" / key).write_bytes(b"something else")
    ```

    `context` is the context of the provider's `open`, with serializers and with an open engine from `engine(place)`. A
    store outside the database may use a folder beside `context.db`, which is in `place`. `damage(place, key)` changes
    the stored bytes of an object while no store is open; without it, tests of damage are skipped.
    """
