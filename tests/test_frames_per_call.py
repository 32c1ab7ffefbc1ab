"""How many Python frames of ours a call costs: a row path that is short stays so."""

import sys
from pathlib import Path

import pytest

from xetrack import Tracker

LOG, CACHED = 10, 30
PACKAGES = str(Path(__file__).parents[1] / "packages")


def frames(call):
    """The names of our functions that `call` enters, in order."""
    entered = []

    def note(frame, event, _):
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGES):
            entered.append(frame.f_code.co_qualname)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(before)
    return entered


def add(a, b=2):
    return a + b


@pytest.fixture
def tracker(tmp_path):
    with Tracker(tmp_path / "rows.db", params={"model": "resnet"}, cache=tmp_path / "cache") as tracker:
        yield tracker


def test_log_takes_few_frames(tracker):
    event = {"accuracy": 0.9, "loss": 0.1, "epoch": 1}
    for _ in range(3):  # makes the table, then remembers how such rows go in
        tracker.log(event)
    entered = frames(lambda: tracker.log(event))
    assert "Tracker.log" in entered
    assert len(entered) <= LOG, entered


def test_a_cached_call_takes_few_frames(tracker):
    for _ in range(3):
        tracker.track(add, 1)
    assert tracker.latest["cache"] == tracker.track_id
    entered = frames(lambda: tracker.track(add, 1))
    assert "TrackedCalls.track" in entered
    assert len(entered) <= CACHED, entered
