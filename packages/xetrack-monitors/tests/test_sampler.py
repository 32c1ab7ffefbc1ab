"""One thread, while anybody measures, and none that gets in the way."""

import os
import subprocess
import sys
import threading

import pytest

from xetrack_monitors import sampler as module
from xetrack_monitors.sampler import MOST_SHARE, Sampler, Series


class Looks:
    """A look that can be waited for."""

    def __init__(self, *, fails=0):
        self.count = 0
        self.fails = fails
        self.threads = set()
        self._seen = threading.Condition()

    def __call__(self):
        with self._seen:
            self.count += 1
            self.threads.add(threading.current_thread().name)
            self._seen.notify_all()
            if self.count <= self.fails:
                message = "cannot look"
                raise OSError(message)
            return {"looks": self.count}

    def wait(self, number):
        with self._seen:
            assert self._seen.wait_for(lambda: self.count >= number, timeout=300)


def end(sampler):
    """Wait until the thread has ended."""
    if thread := sampler.thread:
        thread.join(300)
    assert sampler.thread is None


def test_a_thread_begins_with_the_first_and_ends_after_the_last():
    looks, series, other = Looks(), Series(), Series()
    sampler = Sampler(looks)
    before = threading.active_count()
    assert sampler.thread is None

    sampler.join(series, 0.001)
    sampler.join(other, 0.001)
    looks.wait(3)
    assert threading.active_count() == before + 1
    assert sampler.thread.daemon
    sampler.leave(series)
    assert sampler.thread is not None
    sampler.leave(other)
    end(sampler)

    assert threading.active_count() == before
    assert looks.threads == {"xetrack-monitors"}
    count = looks.count
    sampler.join(series, 0.001)
    looks.wait(count + 1)
    sampler.leave(series)
    end(sampler)


def test_nobody_looks_when_nobody_measures():
    looks, series = Looks(), Series()
    sampler = Sampler(looks)

    sampler.join(series, 0.05)
    sampler.leave(series)
    end(sampler)

    assert looks.count == 0


def test_a_call_that_was_never_stopped_is_forgotten():
    looks, series = Looks(), Series()
    sampler = Sampler(looks)

    sampler.join(series, 0.001)
    looks.wait(1)
    del series

    end(sampler)


def test_short_calls_one_after_another_share_a_thread():
    sampler, series = Sampler(Looks()), Series()
    sampler.join(series, 0.5)
    thread = sampler.thread

    for _ in range(10):
        sampler.leave(series)
        sampler.join(series, 0.5)

    assert sampler.thread is thread
    sampler.leave(series)
    end(sampler)


def test_the_shortest_interval_serves_all():
    looks, patient, impatient = Looks(), Series(), Series()
    sampler = Sampler(looks)

    sampler.join(patient, 3600)
    sampler.join(impatient, 0.001)
    looks.wait(3)
    sampler.leave(impatient)
    sampler.leave(patient)
    end(sampler)

    assert patient.peak("looks") >= 2


def test_a_look_that_fails_is_not_the_last():
    looks, series = Looks(fails=2), Series()
    sampler = Sampler(looks)

    sampler.join(series, 0.001)
    looks.wait(5)
    sampler.leave(series)
    end(sampler)

    assert series.peak("looks") >= 3


def test_slow_looks_are_fewer(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    sampler, series = Sampler(dict), Series()
    sampler._intervals[series] = 0.1

    sampler._share({}, MOST_SHARE * 0.05)
    assert sampler._due == 100.1
    sampler._share({}, MOST_SHARE * 60)
    assert sampler._due == 160
    monkeypatch.setattr(sampler, "_start", lambda: None)
    sampler.join(Series(), 0.1)
    assert sampler._due == 160  # nor does the next call make it earlier


def test_a_thread_that_cannot_start_leaves_nobody_behind(monkeypatch):
    sampler, series = Sampler(dict), Series()

    def fail(thread):
        message = "can't start new thread"
        raise RuntimeError(message)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        with pytest.raises(RuntimeError, match="can't start"):
            sampler.join(series, 0.001)

    assert sampler.thread is None
    sampler.join(series, 0.001)
    sampler.leave(series)
    end(sampler)


def test_means_and_peaks():
    series = Series()
    for value in (1.0, 5.0, 3.0):
        series.add({"a": value})
    series.add({"b": -1.0})

    assert (series.mean("a"), series.peak("a")) == (3, 5)
    assert (series.mean("b"), series.peak("b")) == (-1, -1)
    assert (series.mean("c"), series.peak("c")) == (None, None)
    series.clear()
    assert series.mean("a") is None


# Whole processes

RUN = """
import os, sys, threading, time, warnings
from xetrack import Tracker
tracker = Tracker(sys.argv[1], log_system_params=True, log_network_params=True, measurement_interval=0.001)
"""


def run(code, *arguments):
    command = [sys.executable, "-W", "error", "-c", RUN + code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_the_interpreter_ends_with_calls_in_flight(tmp_path):
    code = """
begun = threading.Event()
def forever():
    begun.set()
    threading.Event().wait()
threading.Thread(target=tracker.track, args=(forever,), daemon=True).start()
begun.wait()
print("over")
"""
    assert run(code, tmp_path / "a.db") == ["over"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_has_a_thread_of_its_own(tmp_path):
    code = """
from xetrack_monitors.system import SAMPLER
warnings.simplefilter("ignore")  # forking with threads is what is tried
def fork():
    while SAMPLER.thread is None: pass
    parent = SAMPLER.thread
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    assert SAMPLER.thread is None
    tracker.log({"in_child": True})
    def wait():
        while not (thread := SAMPLER.thread) or not thread.is_alive(): pass
        assert thread is not parent
    tracker.track(wait)
    tracker.close()
    os._exit(0)
assert tracker.track(fork) == 0
print(*tracker.to_df()["function_name"].dropna(), *(tracker.to_df()["cpu"] >= 0))
"""
    assert run(code, tmp_path / "a.db") == ["wait", "fork", "True", "True", "True"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_call_that_goes_on_in_a_forked_child_is_logged_there_too(tmp_path):
    code = """
warnings.simplefilter("ignore")
pid = tracker.track(os.fork)
if not pid:
    tracker.close()
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
print(*sorted(tracker.to_df()["function_name"]), *(tracker.to_df()["cpu"] >= 0), *(tracker.to_df()["bytes_sent"] >= 0))
"""
    assert run(code, tmp_path / "a.db") == ["fork", "fork", "True", "True", "True", "True"]


def test_no_process_is_started_and_no_shell(tmp_path):
    code = """
starting = {"subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn"}
started = []
sys.addaudithook(lambda event, _: started.append(event) if event in starting else None)
other = Tracker(sys.argv[2], log_system_params=True, log_network_params=True, measurement_interval=0.001)
for each in (tracker, other):
    each.log({"x": 1})
    each.track(abs, -1)
    each.track(time.sleep, 0.05)
assert started == [], started
if hasattr(os, "waitid"):  # the kernel, too, knows of no child, neither now nor ever
    import resource
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss == 0
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        raise SystemExit("there is a child")
    except ChildProcessError: pass
tracker.close(), other.close()
import subprocess
subprocess.run([sys.executable, "-c", ""], check=True)
print(len(started) > 0)
"""
    assert run(code, tmp_path / "a.db", tmp_path / "b.db") == ["True"]
