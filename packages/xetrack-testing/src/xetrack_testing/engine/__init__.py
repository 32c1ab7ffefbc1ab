"""What every engine promises: one test per promise of `xetrack.plugin.Engine`."""

from xetrack_testing.engine.changes import ChangesContract
from xetrack_testing.engine.closing import ClosingContract
from xetrack_testing.engine.feed import FeedContract
from xetrack_testing.engine.identity import IdentityContract
from xetrack_testing.engine.order import OrderContract
from xetrack_testing.engine.runs import RunsContract
from xetrack_testing.engine.sharing import SharingContract
from xetrack_testing.engine.tables import TablesContract
from xetrack_testing.engine.transactions import TransactionsContract
from xetrack_testing.engine.values import ValuesContract

__all__ = ["EngineContract"]


class EngineContract(
    OrderContract,
    IdentityContract,
    TablesContract,
    ValuesContract,
    ChangesContract,
    FeedContract,
    TransactionsContract,
    RunsContract,
    SharingContract,
    ClosingContract,
):
    """Subclass it as `Test...`, define how to open your engine, declare its capabilities, and run pytest.

    `open(place)` returns an engine on the store that belongs to the folder `place`, which is new and empty for each
    test. An engine on a server derives a unique name from it. Declare the optional capabilities:

    * `durable`: rows are still there when `open(place)` is called after `close()`.
    * `shared`: two engines opened on one folder see each other's rows.

    Tests of capabilities that are not declared are skipped.
    """
