"""The conformance kit: tests that plugin authors run against what they wrote.

```python
from pathlib import Path

from xetrack.testing import EngineContract


class TestMyEngine(EngineContract):
    durable = True

    def open(self, place: Path) -> MyEngine:
        return MyEngine(place / "store.mine")
```

Needs pytest and hypothesis: `pip install xetrack-core[testing]`. Nothing else in xetrack imports this package.
"""

import pytest

# before the modules are imported, or their asserts would not say what they compared
for _name in ("changes", "engines", "failures", "order", "rows", "runs", "values"):
    pytest.register_assert_rewrite(f"xetrack.testing.{_name}")

from xetrack.testing.engines import EngineContract  # noqa: E402 - see above
from xetrack.testing.rows import check_round_trip, keys, listed, make_row, rows, spelt, stamp, values  # noqa: E402

__all__ = [
    "EngineContract",
    "check_round_trip",
    "keys",
    "listed",
    "make_row",
    "rows",
    "spelt",
    "stamp",
    "values",
]
