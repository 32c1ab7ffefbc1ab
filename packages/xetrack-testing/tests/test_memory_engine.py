"""The reference implementation passes the contract of engines, and a test with random rows."""

from contextlib import closing
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xetrack.plugin import MemoryEngine
from xetrack_testing import EngineContract, check_round_trip, rows


class TestMemoryEngine(EngineContract):
    def open(self, place: Path) -> MemoryEngine:
        return MemoryEngine()


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])  # a busy machine fails no test
@given(st.lists(rows(), max_size=8))
def test_random_rows_come_back_exactly(wanted):
    with closing(MemoryEngine()) as engine:
        check_round_trip(engine, wanted)
