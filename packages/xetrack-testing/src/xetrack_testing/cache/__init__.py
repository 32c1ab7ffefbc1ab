"""What every cache of results promises: one test per promise of `xetrack.plugin.ResultCache`."""

from xetrack_testing.cache.beside import BesideContract
from xetrack_testing.cache.claims import ClaimsContract
from xetrack_testing.cache.entries import EntriesContract
from xetrack_testing.cache.keys import KeysContract

__all__ = ["CacheContract"]


class CacheContract(KeysContract, EntriesContract, ClaimsContract, BesideContract):
    """Subclass it as `Test...`, define how to open your cache, declare its capabilities, and run pytest.

    ```python
    class TestMyCache(CacheContract):
        durable = True

        def open(self, place: Path, context: Context) -> MyCache:
            return MyCache(place / "results", context)
    ```

    `open(place, context)` returns a cache that belongs to the folder `place`, which is new for each test; `context` is
    the context of the provider's `open`. Its engine is what `open_engine(place)` returns, by default SQLite's.
    Declare the optional capabilities:

    * `durable`: entries are still there when a cache is opened after `close()`.
    * `shared`: two caches on one folder, in one process or several, see each other's entries.
    * `alone`: of several processes that claim a key, one computes. Within a process this is required.

    `patience` is the number of seconds after which a thread that must not wait counts as stuck. `damage(place, key)`
    changes the stored bytes of an entry while no cache is open; without it, the test of damage is skipped.
    """
