"""Rows of the table about monitors."""

import gc
from contextlib import contextmanager
from functools import partial
from statistics import median
from time import perf_counter, sleep, thread_time

from benchmarks.rounds import Row, interleaved, timed
from benchmarks.workload import PARAMS, events
from xetrack import Tracker

CALL = 0.1  # seconds


def monitors(sizes, folder):
    with _measured_and_not(folder) as (measured, plain):
        yield Row(
            "track() of a call that waits for 100 ms, all monitors on; bare: our track(), none on",
            *interleaved(
                sizes.rounds,
                lambda: timed(_track_each, measured, _wait, sizes.calls) / sizes.calls,
                lambda: timed(_track_each, plain, _wait, sizes.calls) / sizes.calls,
            ),
            limit=1.01,
        )
        compute = _computing(CALL)
        yield Row(
            "track() of a call that computes for 100 ms, all monitors on; bare: our track(), none on",
            *interleaved(
                sizes.rounds,
                lambda: _time_of(measured, compute, sizes.calls),
                lambda: _time_of(plain, compute, sizes.calls),
            ),
            limit=1.01,
        )
        batch = events(sizes.logs // 5)
        yield Row(
            "track(noop), all monitors on; bare: our track(), none on",
            *interleaved(
                sizes.rounds,
                lambda: timed(_track_each, measured, _noop, len(batch)) / len(batch),
                lambda: timed(_track_each, plain, _noop, len(batch)) / len(batch),
            ),
            difference=True,
        )
        yield Row(
            "log(), all monitors on; bare: our log(), none on",
            *interleaved(
                sizes.rounds,
                lambda: timed(_log_each, measured, batch) / len(batch),
                lambda: timed(_log_each, plain, batch) / len(batch),
            ),
            difference=True,
        )


@contextmanager
def _measured_and_not(folder):
    on = {"log_system_params": True, "log_network_params": True}
    with (
        Tracker(folder / "measured.db", params=PARAMS, **on) as measured,
        Tracker(folder / "unmeasured.db", params=PARAMS) as plain,
    ):
        yield measured, plain


def _wait():
    sleep(CALL)


def _computing(seconds):
    """A function that counts for about so long, and returns the processor time that this took its own thread."""
    number, end = 0, perf_counter() + seconds
    while perf_counter() < end:
        _count(1000)
        number += 1000
    return partial(_count, number)


def _count(number):
    began = thread_time()
    for _ in range(number):
        pass
    return thread_time() - began


def _time_of(tracker, compute, number):
    """Seconds a call, with the computing itself taken as what it should be.

    How fast a core counts differs from call to call by more than monitors cost. What they add shows all the same: the
    time before and after, and that in which the call did not run because they did.
    """
    gc.collect()
    added = []
    for _ in range(number):
        began = perf_counter()
        own = tracker.track(compute)
        added.append(perf_counter() - began - own)
    return CALL + median(added)


def _noop():
    pass


def _track_each(tracker, call, number):
    for _ in range(number):
        tracker.track(call)


def _log_each(tracker, batch):
    for event in batch:
        tracker.log(event)
