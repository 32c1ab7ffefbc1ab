"""The peak of memory: with the kernel's mark set back, and where that is not permitted."""

import sys

import pytest

from xetrack_monitors import memory
from xetrack_monitors.memory import Peaks, Watch, now_and_most, reset_high_water
from xetrack_monitors.processes import resident

MIB = 2**20


def high_water():
    return now_and_most()[1]


@pytest.fixture
def mark(monkeypatch):
    """A mark to set, of a process that is not permitted to set it back."""
    told = {"mark": 500, "resident": 100}
    monkeypatch.setattr(memory, "now_and_most", lambda: (told["resident"], told["mark"]))
    monkeypatch.setattr(memory, "reset_high_water", lambda: False)
    return told


def test_a_mark_that_cannot_be_set_back_tells_of_a_call_that_goes_above_it(mark):
    peaks, watch = Peaks(), Watch()

    assert peaks.begin(watch) == 100
    mark["mark"] = 700

    assert peaks.end(watch) == 100
    assert watch.peak == 700


def test_a_mark_from_before_the_call_tells_nothing_of_it(mark):
    peaks, watch = Peaks(), Watch()

    peaks.begin(watch)
    mark["resident"] = 200
    peaks.end(watch)

    assert watch.peak == 200


def test_a_mark_that_went_up_before_a_call_inside_another_is_not_the_inner_ones(mark):
    peaks, outer, inner = Peaks(), Watch(), Watch()

    peaks.begin(outer)
    mark["mark"] = 600
    peaks.begin(inner)

    peaks.end(inner)
    peaks.end(outer)

    assert (inner.peak, outer.peak) == (100, 600)


def test_a_watch_that_is_forgotten_is_not_kept():
    peaks, watch = Peaks(), Watch()
    peaks.begin(watch)

    del watch

    assert not peaks._watches


def test_the_mark_is_at_least_what_is_resident_and_goes_up_with_it():
    before = high_water()
    _ = b"x" * (before + 50 * MIB)

    assert high_water() > before


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_on_linux_the_mark_can_be_set_back_or_says_that_it_cannot():
    _ = b"x" * (100 * MIB)
    del _
    before = high_water()

    if reset_high_water():
        assert high_water() < before
        assert now_and_most() == (pytest.approx(resident(), rel=0.1), pytest.approx(resident(), rel=0.1))
    else:
        assert high_water() == before


@pytest.mark.parametrize("platform", ["linux", "darwin", "freebsd"])
def test_where_nothing_can_be_read_the_mark_is_unknown_or_what_getrusage_says(platform, monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "LINUX", platform == "linux")
    monkeypatch.setattr(sys, "platform", platform)
    if platform == "linux":

        def missing(*_, **__):
            raise FileNotFoundError

        monkeypatch.setattr("os.open", missing)
        assert memory._read("/proc/self/status") == b""
        assert memory._size(b"", b"VmHWM:") == 0
    else:
        resource = pytest.importorskip("resource")
        unit = 1 if platform == "darwin" else 1024
        assert high_water() == resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    assert reset_high_water() is False
