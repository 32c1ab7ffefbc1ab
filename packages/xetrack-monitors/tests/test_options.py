"""What the package claims, refuses and brings along."""

import subprocess
import sys
from dataclasses import fields

import pytest

import xetrack_monitors
from xetrack import Tracker
from xetrack.errors import OptionError
from xetrack.plugin import Context
from xetrack.registry import OPTIONS, PROVIDERS

OURS = "xetrack-monitors"


def test_the_core_hints_at_exactly_what_is_registered():
    providers = xetrack_monitors.xetrack_monitors()
    claimed = {field.name for each in providers for field in fields(each.options)}

    assert {option for option, owner in OPTIONS.items() if owner == OURS} == claimed
    assert {name for name, owner in PROVIDERS.items() if owner == OURS} == {
        ("monitors", each.name) for each in providers
    }


@pytest.mark.parametrize("interval", [0.0, -1, 0.0001, float("nan"), float("inf"), "fast"])
def test_an_interval_that_makes_no_sense_is_refused_when_the_tracker_is_made(interval):
    with pytest.raises(OptionError, match="system of xetrack-monitors cannot use"):
        Tracker(":memory:", log_system_params=True, measurement_interval=interval)


def test_an_interval_alone_measures_nothing():
    [provider] = xetrack_monitors.xetrack_monitors()

    assert provider.open(provider.options(measurement_interval=0.5), Context(":memory:")) is None
    assert set(Tracker(":memory:", measurement_interval=0.5).log({"x": 1})) == {"x", "timestamp", "track_id"}


def test_when_off_there_is_no_psutil_and_no_thread():
    code = """
import sys, threading
from xetrack import Tracker
tracker = Tracker(":memory:")
tracker.log({"x": 1})
tracker.track(abs, -1)
assert "psutil" not in sys.modules and "xetrack_monitors.monitor" not in sys.modules
assert threading.active_count() == 1
"""
    subprocess.run([sys.executable, "-c", code], check=True)
