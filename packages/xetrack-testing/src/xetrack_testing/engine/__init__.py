"""What engines promise: one test per promise of `xetrack.plugin.Engine`."""

from xetrack_testing.engine.batches import BatchesContract
from xetrack_testing.engine.changes import ChangesContract
from xetrack_testing.engine.closing import ClosingContract
from xetrack_testing.engine.connections import ConnectionsContract
from xetrack_testing.engine.copies import CopiesContract
from xetrack_testing.engine.derived_runs import DerivedRunsContract
from xetrack_testing.engine.durability import DurabilityContract
from xetrack_testing.engine.feed import FeedContract
from xetrack_testing.engine.forks import ForksContract
from xetrack_testing.engine.identity import IdentityContract
from xetrack_testing.engine.kills import KillsContract
from xetrack_testing.engine.locks import LocksContract
from xetrack_testing.engine.names import NamesContract
from xetrack_testing.engine.order import OrderContract
from xetrack_testing.engine.processes import ProcessesContract
from xetrack_testing.engine.readers import ReadersContract
from xetrack_testing.engine.runs import RunsContract
from xetrack_testing.engine.sharing import SharingContract
from xetrack_testing.engine.tables import TablesContract
from xetrack_testing.engine.transactions import TransactionsContract
from xetrack_testing.engine.values import ValuesContract

__all__ = ["EngineContract", "ReadContract", "TrackContract", "WriteContract"]


class ReadContract(
    OrderContract,
    TablesContract,
    ValuesContract,
    DerivedRunsContract,
    FeedContract,
    ReadersContract,
    ClosingContract,
):
    """Reading: order, values, runs derived from rows, the change feed, read-only engines, closing.

    See `EngineContract` for what to define. The tests write with `append`, and the feed's with `update`, `amend`,
    `delete` and `drop`.
    """


class WriteContract(BatchesContract, ChangesContract, CopiesContract, TransactionsContract, DurabilityContract):
    """Writing in batches: `append`, `merge`, `amend`, `update`, `delete`, `drop`, metadata and transactions.

    A store that others only copy into, such as a column store that wants thousands of rows at a time, conforms to
    `ReadContract` and `WriteContract`:

    ```python
    class TestMyArchive(ReadContract, WriteContract): ...
    ```

    See `EngineContract` for what to define.
    """


class TrackContract(
    IdentityContract,
    RunsContract,
    SharingContract,
    ProcessesContract,
    ForksContract,
    KillsContract,
    LocksContract,
    ConnectionsContract,
    NamesContract,
):
    """Tracking: single rows from many threads and processes, clashing timestamps, run records, failures.

    See `EngineContract` for what to define.
    """


class EngineContract(ReadContract, WriteContract, TrackContract):
    """Everything that `Tracker` and `Reader` need of an engine.

    Subclass it as `Test...`, define how to open your engine, declare its capabilities, and run pytest:

    ```python
    class TestMyEngine(EngineContract):
        durable = shared = processes = True
        name = "mine"
        impatient = {"mine_timeout": 0.2}

        def open(self, place: Path) -> MyEngine:
            return MyEngine(self.url(place))

        def url(self, place: Path) -> str:
            return f"mine://localhost/test_{zlib.crc32(bytes(place))}"
    ```

    `open(place)` returns an engine on the store that belongs to the folder `place`, which is new and empty for each
    test. An engine on a server derives a unique name from it, the same in every process. Declare the optional
    capabilities:

    * `durable`: rows are still there when `open(place)` is called after `close()`, or after the process was killed.
    * `shared`: two engines opened on one folder see each other's rows.
    * `processes`: several processes may use one store at once, also with an engine that was opened before a fork.
    * `name`: what users pass as `engine=`. Needs `url(place)`. Tests open the engine through its provider, `Tracker`,
      `Reader` and `xt`, and read-only.
    * `by_scheme`: the scheme of `url(place)` selects the engine, so those tests pass no `engine=`.
    * `options`: options of the provider for these tests.
    * `impatient`: options with which the engine waits for a lock for less than a second. It counts as stuck after
      `patience` seconds.

    Define, where it applies:

    * `url(place)`: the `db` argument of users for that store.
    * `plugin()`: the plugin that registers the engine, if it is not installed where the tests run.
    * `lose_connection(engine)`: break the engine's connection to its server.
    * `close_store(place)`: remove the store after each test. Tests may also use the folder `place / "other"`.

    Tests of what is not declared or defined are skipped; `pytest -rs` shows why. Tests call methods of the class in
    other processes, which import its module from its file and call the class without arguments.
    """
