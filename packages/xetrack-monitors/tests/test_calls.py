"""What is measured of a call: every column, on calls short and long, nested, in threads and with children."""

import asyncio
import mmap
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager

import psutil
import pytest

from xetrack import Tracker, XetrackWarning
from xetrack_monitors.memory import ended_children_peak, reset_high_water
from xetrack_monitors.sampler import Series
from xetrack_monitors.system import System

MIB = 2**20
exact = pytest.mark.skipif(not reset_high_water(), reason="the system does not let the mark be set back")
linux = pytest.mark.skipif(sys.platform != "linux", reason="children are found by the sampler only")


@pytest.fixture
def tracker():
    with Tracker(":memory:", log_system_params=True, log_network_params=True) as tracker:
        yield tracker


def take(mebibytes):
    """Have so much memory for a moment: fresh pages, where the allocator may reuse what was freed before."""
    with mmap.mmap(-1, mebibytes * MIB) as pages:
        for _ in range(mebibytes):
            pages.write(bytes(MIB))


def about(mebibytes):
    """The kernel counts pages roughly, and other threads have some too."""
    return pytest.approx(mebibytes, abs=15)


@contextmanager
def child(code):
    """A child that runs `code`, says that it is done, and lives on for as long as it is needed."""
    code += "\nprint(flush=True)\ninput()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.communicate(b"\n")


def test_a_call_has_the_columns_of_the_readme_and_more(tracker):
    tracker.track(take, 1)

    measured = {"cpu", "memory_percent", "p_memory_percent", "disk_percent", "bytes_sent", "bytes_recv"}
    assert measured | {"peak_memory_mb", "added_memory_mb"} <= set(tracker.latest)


@pytest.mark.parametrize("seconds", [None, 0, 0.15], ids=["nothing", "an instant", "longer than the interval"])
def test_values_are_sane_however_short_the_call(tracker, seconds):
    tracker.track(abs, -1) if seconds is None else tracker.track(time.sleep, seconds)

    row = tracker.latest
    assert 0 <= row["cpu"] <= 100 * os.cpu_count()
    assert 0 < row["memory_percent"] <= 100
    assert 0 < row["p_memory_percent"] <= 100
    assert 0 <= row["disk_percent"] <= 100
    assert 0 <= row["added_memory_mb"] < row["peak_memory_mb"] < psutil.virtual_memory().total / MIB
    assert min(row["bytes_sent"], row["bytes_recv"]) >= 0


def test_cpu_is_processor_time_over_time_in_percent_of_one_core(tracker):
    def busy():
        began, until = time.perf_counter(), time.process_time() + 0.2
        while time.process_time() < until:
            pass
        return time.perf_counter() - began

    began, before = time.perf_counter(), time.process_time()
    within = tracker.track(busy)
    around, used = time.perf_counter() - began, time.process_time() - before

    assert tracker.latest["cpu"] * around / 100 >= 0.2  # on a busy machine the call takes longer, and uses as much
    assert tracker.latest["cpu"] * within / 100 <= used + 0.02
    tracker.track(time.sleep, 0.2)
    assert tracker.latest["cpu"] < 50


def test_resident_memory_is_that_of_this_process_in_percent_of_the_machines(tracker):
    tracker.track(abs, -1)

    memory = psutil.Process().memory_info().rss
    assert tracker.latest["p_memory_percent"] == pytest.approx(100 * memory / psutil.virtual_memory().total, rel=0.2)
    assert tracker.latest["peak_memory_mb"] == pytest.approx(memory / MIB, rel=0.2)


def test_the_disk_is_the_one_of_the_database(tmp_path, tracker):
    with Tracker(tmp_path / "not" / "there" / "yet.db", log_system_params=True) as other:
        assert other.log({"x": 1})["disk_percent"] == pytest.approx(psutil.disk_usage(str(tmp_path)).percent, abs=1)
    assert tracker.log({"x": 1})["disk_percent"] == pytest.approx(psutil.disk_usage(".").percent, abs=1)


# The peak


@exact
def test_the_peak_is_that_of_the_call_however_short_and_whatever_was_before(tracker):
    for mebibytes in (120, 60, 60):
        tracker.track(take, mebibytes)
        assert tracker.latest["added_memory_mb"] == about(mebibytes)
        assert tracker.latest["peak_memory_mb"] > tracker.latest["added_memory_mb"]
    tracker.track(abs, -1)
    assert tracker.latest["added_memory_mb"] < 20


@exact
def test_a_call_inside_another_has_a_peak_of_its_own(tracker):
    def outer():
        take(100)
        tracker.track(take, 30)

    tracker.track(outer)

    inner, whole = tracker.to_df()["added_memory_mb"]
    assert (inner, whole) == (about(30), about(100))


@exact
def test_calls_that_overlap_in_threads_share_the_peak_of_the_process(tracker):
    begun, done = threading.Event(), threading.Event()

    def early():
        take(100)
        begun.set()
        done.wait()

    thread = threading.Thread(target=tracker.track, args=(early,))
    thread.start()
    begun.wait()
    tracker.track(take, 30)
    done.set()
    thread.join()

    later, first = tracker.to_df()["added_memory_mb"]
    assert (later, first) == (about(30), about(100))


# Children


BUSY = f"kept = b'x' * (200 * {MIB})\nimport time\nwhile time.process_time() < 0.4: pass"
BUSY_CHILD = f"""
import subprocess, sys
code = {BUSY!r} + "\\nprint(flush=True)\\ninput()"
process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
process.stdout.readline()
"""


@linux
@pytest.mark.parametrize("code", [BUSY, BUSY_CHILD], ids=["child", "grandchild"])
def test_living_children_and_theirs_are_counted(tracker, code):
    with ExitStack() as kept:

        def start():
            began = time.perf_counter()
            kept.enter_context(child(code))
            return time.perf_counter() - began

        seconds = tracker.track(start)
        row = tracker.latest
        tracker.track(abs, -1)
        beside = tracker.latest

    assert row["added_memory_mb"] > 150
    assert row["cpu"] * seconds / 100 > 0.3
    assert beside["peak_memory_mb"] > 200  # of a call with children that were there before
    assert beside["added_memory_mb"] < 50


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no account of processes that ended")
def test_a_child_that_came_and_went_between_two_looks_is_counted():
    tracker = Tracker(":memory:", log_system_params=True, measurement_interval=3600)
    mebibytes = ended_children_peak() // MIB + 100  # more than any child of the tests before
    code = f"import time\nkept = b'x' * ({mebibytes} * {MIB})\nwhile time.process_time() < 0.4: pass"

    def run():
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - began

    seconds = tracker.track(run)

    assert tracker.latest["peak_memory_mb"] > mebibytes
    assert tracker.latest["cpu"] * seconds / 100 > 0.3


@exact
@linux
def test_the_peak_of_a_call_beside_a_living_child_is_above_that_child(tracker):
    with child(f"kept = b'x' * (200 * {MIB})"):
        tracker.track(take, 120)

    assert tracker.latest["added_memory_mb"] == about(120)
    assert tracker.latest["peak_memory_mb"] > 320


def test_dead_children_that_nobody_reaped_are_no_trouble_and_stay_for_who_waits(tracker):
    process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"])
    if hasattr(os, "waitid"):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    tracker.track(abs, -1)

    assert tracker.latest["cpu"] is not None
    assert process.wait() == 7


# Other ways to run


def test_async_calls_generators_and_failures_are_measured(tracker):
    async def nap():
        await asyncio.sleep(0)

    def count():
        yield from range(3)

    asyncio.run(tracker.track(nap))
    list(tracker.track(count))
    with pytest.raises(ZeroDivisionError):
        tracker.track(lambda: 1 / 0)

    assert (tracker.to_df()["peak_memory_mb"] > 0).tolist() == [True] * 3


def test_many_threads_at_once(tracker):
    barrier = threading.Barrier(8)

    def meet():
        barrier.wait()

    threads = [threading.Thread(target=tracker.track, args=(meet,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (tracker.to_df()["p_memory_percent"] > 0).tolist() == [True] * 8


# Trouble


@pytest.mark.parametrize("broken", ["virtual_memory", "net_io_counters"])
def test_a_machine_that_does_not_answer_costs_no_row_and_is_warned_of_once(broken, monkeypatch):
    tracker = Tracker(":memory:", log_system_params=True, log_network_params=True)

    def fail(*_, **__):
        message = "no answer"
        raise OSError(message)

    monkeypatch.setattr(psutil, broken, fail)
    with pytest.warns(XetrackWarning, match="the monitor 'system' .*no answer"):
        tracker.track(abs, -1)
    tracker.track(abs, -1)  # a second warning would be an error
    tracker.log({"x": 1})

    assert len(tracker) == 3


def test_a_folder_that_is_gone_has_no_disk(tmp_path):
    system = System(Series(), tmp_path / "gone")
    system.begin()

    assert system.end()["disk_percent"] is None
