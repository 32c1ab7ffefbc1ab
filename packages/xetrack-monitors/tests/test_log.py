"""log() tells what was measured since the last log(), with no thread and no waiting."""

import os
import threading
import time

import pytest

from xetrack import Tracker
from xetrack.plugin import Context, Gauge
from xetrack_monitors.memory import reset_high_water
from xetrack_monitors.monitor import open_monitor
from xetrack_monitors.options import MonitorOptions
from xetrack_monitors.system import SAMPLER

MIB = 2**20


@pytest.fixture
def tracker():
    with Tracker(":memory:", log_system_params=True, log_network_params=True) as tracker:
        yield tracker


def test_a_plain_log_has_the_readings(tracker):
    row = tracker.log({"x": 1})

    assert 0 < row["p_memory_percent"] <= 100
    assert 0 <= row["cpu"] <= 100 * os.cpu_count()
    assert row["bytes_sent"] >= 0
    assert row["peak_memory_mb"] > 0


def test_cpu_is_that_since_the_last_log(tracker):
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    busy = tracker.log({})["cpu"]
    time.sleep(0.2)
    idle = tracker.log({})["cpu"]

    assert idle < busy
    assert idle < 50


@pytest.mark.skipif(not reset_high_water(), reason="the system does not let the mark be set back")
def test_the_peak_is_that_since_the_last_log_whatever_calls_there_were(tracker):
    tracker.log({})
    _ = b"x" * (100 * MIB)
    del _
    tracker.track(abs, -1)
    first, second = tracker.log({}), tracker.log({})

    assert first["added_memory_mb"] == pytest.approx(100, abs=50)  # other libraries give memory back meanwhile
    assert second["added_memory_mb"] < 15


def test_no_thread_is_started(tracker, monkeypatch):
    def fail(thread):
        message = "log() started a thread"
        raise AssertionError(message)

    monkeypatch.setattr(threading.Thread, "start", fail)
    for x in range(3):
        tracker.log({"x": x})
    assert (tracker["cpu"] >= 0).tolist() == [True] * 3


def test_threads_count_back_to_what_they_were(tracker):
    if thread := SAMPLER.thread:
        thread.join()
    before = threading.active_count()

    for _ in range(3):
        tracker.track(abs, -1)
        tracker.track(time.sleep, 0.12)
    if thread := SAMPLER.thread:
        thread.join(300)

    assert threading.active_count() == before


def test_a_monitor_that_is_kept_after_its_call_keeps_no_thread():
    monitor = open_monitor(MonitorOptions(log_system_params=True, measurement_interval=0.01), Context(":memory:"))

    assert isinstance(monitor, Gauge)
    monitor.start()
    thread = SAMPLER.thread
    monitor.stop()
    thread.join(300)

    assert not thread.is_alive()


def test_threads_may_share_a_tracker(tracker):
    def log():
        for _ in range(20):
            tracker.log({})

    threads = [threading.Thread(target=log) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (tracker["cpu"] >= 0).sum() == 80


def test_what_is_logged_wins_over_what_is_measured(tracker):
    assert tracker.log({"cpu": "mine"})["cpu"] == "mine"
    tracker.track(lambda: {"memory_percent": "mine"})
    assert tracker.latest["memory_percent"] == "mine"


def test_only_what_is_asked_for_is_measured():
    system = set(Tracker(":memory:", log_system_params=True).log({}))
    network = set(Tracker(":memory:", log_network_params=True).log({}))

    assert network - system == {"bytes_sent", "bytes_recv"}
    assert {"cpu", "memory_percent", "p_memory_percent", "disk_percent"} <= system - network
