"""The conformance kit: tests that plugin authors run against what they wrote.

A contract for each kind of plugin, and one for the distribution that brings them. Subclass it, say how to open the
thing, and run pytest:

```python
from pathlib import Path

from xetrack_testing import EngineContract


class TestMyEngine(EngineContract):
    durable = True

    def open(self, place: Path) -> MyEngine:
        return MyEngine(place / "store.mine")
```

The docstring of each contract says what it needs, that of `Contract` how to waive a test. Needs pytest and hypothesis:
`pip install xetrack-testing`.
"""

import pytest

# before the modules are imported, or their asserts would not say what they compared
for _name in (
    *("changes", "failures", "order", "runs", "values"),
    *("caches", "commands", "contract", "monitors", "packaging", "rows", "serializers", "sinks", "stores"),
):
    pytest.register_assert_rewrite(f"xetrack_testing.{_name}")

from xetrack_testing.caches import CacheContract  # noqa: E402 - see above, as all below
from xetrack_testing.commands import CommandContract, RecordingTerminal  # noqa: E402
from xetrack_testing.contract import Contract  # noqa: E402
from xetrack_testing.engines import EngineContract  # noqa: E402
from xetrack_testing.monitors import GaugeContract, MonitorContract  # noqa: E402
from xetrack_testing.packaging import PackagingContract  # noqa: E402
from xetrack_testing.processes import PATIENCE, Process, Processes  # noqa: E402
from xetrack_testing.rows import check_round_trip, keys, listed, make_row, rows, spelt, stamp, values  # noqa: E402
from xetrack_testing.serializers import SerializerContract  # noqa: E402
from xetrack_testing.sinks import LogSinkContract, SinkContract  # noqa: E402
from xetrack_testing.stores import AssetStoreContract, Parcel  # noqa: E402

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
    "RecordingTerminal",
    "SerializerContract",
    "SinkContract",
    "check_round_trip",
    "keys",
    "listed",
    "make_row",
    "rows",
    "spelt",
    "stamp",
    "values",
]
