"""What every engine promises, as tests: one test a promise of `xetrack.plugin.Engine`."""

from xetrack_testing.changes import ChangesContract
from xetrack_testing.failures import FailuresContract
from xetrack_testing.order import OrderContract
from xetrack_testing.runs import RunsContract
from xetrack_testing.values import ValuesContract

__all__ = ["EngineContract"]


class EngineContract(OrderContract, ValuesContract, ChangesContract, RunsContract, FailuresContract):
    """Subclass it as `Test...`, say how to open your engine, declare what it can, and run pytest.

    `open(place)` opens an engine over the store that belongs to the folder `place`, which is empty and new for each
    test; an engine on a server derives a name from it. What the engine can beyond the least is declared:

    * `durable`: `open(place)` after `close()` finds what was there before.
    * `shared`: two engines opened on one place see each other's rows.

    Tests of what is not declared are skipped, and pytest shows that.
    """
