"""The conformance tests, and tests of what this monitor adds."""

import gc
from pathlib import Path

from xetrack import Reader, Tracker
from xetrack_testing import MonitorContract, PackagingContract

from xetrack_cli.templates.monitor.collector import Collections


class TestContract(MonitorContract):
    """The conformance tests for monitors."""

    columns = ("template_name_runs", "template_name_objects")

    def open(self) -> Collections:
        """Make a monitor."""
        return Collections()


class TestPackaging(PackagingContract):
    """The conformance tests for distributions."""

    distribution = "template-distribution"


def make_cycles(count: int) -> None:
    """Make garbage that only the collector finds."""
    gc.collect()
    for _ in range(count):
        cycle: list[object] = []
        cycle.append(cycle)
        del cycle
    gc.collect()


def test_the_collector_is_counted(tmp_path: Path) -> None:
    """Its runs, and the objects it found."""
    with Tracker(tmp_path / "t.db", template_name=True) as tracker:
        tracker.track(make_cycles, 100)
    with Reader(tmp_path / "t.db") as reader:
        [row] = reader.to_dicts()
    assert row["template_name_runs"] >= 2
    assert row["template_name_objects"] >= 100


def test_nobody_who_did_not_ask_is_measured(tmp_path: Path) -> None:
    """The option is off by default, and may be False."""
    with Tracker(tmp_path / "t.db", template_name=False) as tracker:
        tracker.track(make_cycles, 1)
    with Reader(tmp_path / "t.db") as reader:
        assert not [name for name in reader.columns if name.startswith("template_name")]
