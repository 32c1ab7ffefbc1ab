"""Tests of the plugin: the contracts of xetrack, and what is specific to this monitor."""

import gc
from pathlib import Path

from xetrack import Reader, Tracker
from xetrack_testing import MonitorContract, PackagingContract

from xetrack_cli.templates.monitor.collector import Collections


class TestContract(MonitorContract):
    """The contract of monitors."""

    columns = ("template_name_runs", "template_name_objects")

    def open(self) -> Collections:
        """Create a monitor."""
        return Collections()


class TestPackaging(PackagingContract):
    """The contract of distributions."""

    distribution = "template-distribution"


def make_cycles(count: int) -> None:
    """Create garbage that only the collector finds."""
    gc.collect()
    for _ in range(count):
        cycle: list[object] = []
        cycle.append(cycle)
        del cycle
    gc.collect()


def test_collections_are_counted(tmp_path: Path) -> None:
    """Runs of the collector, and collected objects."""
    with Tracker(tmp_path / "t.db", template_name=True) as tracker:
        tracker.track(make_cycles, 100)
    with Reader(tmp_path / "t.db") as reader:
        [row] = reader.to_dicts()
    assert row["template_name_runs"] >= 2
    assert row["template_name_objects"] >= 100


def test_it_is_off_by_default(tmp_path: Path) -> None:
    """False disables it too."""
    with Tracker(tmp_path / "t.db", template_name=False) as tracker:
        tracker.track(make_cycles, 1)
    with Reader(tmp_path / "t.db") as reader:
        assert not [name for name in reader.columns if name.startswith("template_name")]
