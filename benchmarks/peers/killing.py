"""What is left after `kill -9`: acknowledged events, less those that a new process finds."""

import os
from contextlib import contextmanager
from threading import Timer
from time import monotonic, sleep

from benchmarks.peers.failures import FailedError
from benchmarks.peers.processes import lingers
from benchmarks.peers.workload import run_name

GRACE = 5  # seconds in which what the killed process had started, and is seen in its group, may still write


def kill(station, folder, *, events, pause, budget, settle):
    """Numbers of events that were acknowledged, and of those that were lost, when the process was killed after one."""
    with station.process(folder, "endless", pause=pause) as process:
        text = _acknowledged(station, process, events, budget)
        process.kill()
        process.wait()
        text += _rest(process)
        sleep(settle)  # for what it had started and is not in its group
        end = monotonic() + GRACE
        while lingers(process) and monotonic() < end:
            sleep(0.1)
    seen = set(map(int, text.split()))
    (found,) = station.work(folder, "found", names=[run_name(0)])["epochs"]
    return {"acknowledged": len(seen), "lost": len(seen.difference(found))}


def _acknowledged(station, process, events, budget):
    """What the process says until it has logged so many events, or for so many seconds."""
    text, end = b"", None
    with _stopped_after(station.seconds, process):
        while text.count(b"\n") < events and (end is None or monotonic() < end):
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            if not chunk or chunk.startswith(b"{"):  # it ended, or has no such thing
                station.result(process, chunk.decode())
                raise FailedError("ended of itself")
            text += chunk
            end = end or monotonic() + budget
    return text


@contextmanager
def _stopped_after(seconds, process):
    timer = Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _rest(process):
    """What was acknowledged just before the kill. Others may hold the pipe open, so there may be no end to wait for."""
    os.set_blocking(process.stdout.fileno(), False)
    text = b""
    try:
        while chunk := os.read(process.stdout.fileno(), 1 << 16):
            text += chunk
    except BlockingIOError:
        pass
    return text
