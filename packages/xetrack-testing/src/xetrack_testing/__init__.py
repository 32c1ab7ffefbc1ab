"""The conformance kit: tests that plugin authors run against their plugins.

There is a contract for each kind of plugin, and one for the distribution. Subclass it, define how to open the plugin,
and run pytest:

```python
from pathlib import Path

from xetrack_testing import EngineContract


class TestMyEngine(EngineContract):
    durable = True

    def open(self, place: Path) -> MyEngine:
        return MyEngine(place / "store.mine")
```

Each contract's docstring says what to define; `Contract` explains how to waive a test.
"""

from pkgutil import iter_modules

import pytest

# Before the modules are imported: only then do failing asserts show the values that they compared.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in iter_modules(__path__)))

from xetrack_testing.asset_store import AssetStoreContract, Parcel
from xetrack_testing.cache import CacheContract
from xetrack_testing.command import CommandContract, RecordingTerminal
from xetrack_testing.contract import Contract
from xetrack_testing.engine import EngineContract, ReadContract, TrackContract, WriteContract
from xetrack_testing.monitor import GaugeContract, MonitorContract
from xetrack_testing.packaging import PackagingContract
from xetrack_testing.processes import PATIENCE, Process, Processes
from xetrack_testing.rows import check_round_trip, exact, keys, make_row, rows, rows_of, stamp, values
from xetrack_testing.serializer import SerializerContract
from xetrack_testing.sink import LogSinkContract, SinkContract

__all__ = [
    "PATIENCE",
    "AssetStoreContract",
    "CacheContract",
    "CommandContract",
    "Contract",
    "EngineContract",
    "GaugeContract",
    "LogSinkContract",
    "MonitorContract",
    "PackagingContract",
    "Parcel",
    "Process",
    "Processes",
    "ReadContract",
    "RecordingTerminal",
    "SerializerContract",
    "SinkContract",
    "TrackContract",
    "WriteContract",
    "check_round_trip",
    "exact",
    "keys",
    "make_row",
    "rows",
    "rows_of",
    "stamp",
    "values",
]
