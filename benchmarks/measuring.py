"""Rows of the table about monitors."""

from contextlib import contextmanager
from functools import partial
from time import perf_counter, sleep

from benchmarks.rounds import Row, interleaved, timed
from benchmarks.workload import PARAMS, events
from xetrack import Tracker

CALL = 0.1  # seconds


def monitors(sizes, folder):
    with _measured_and_not(folder) as (measured, plain):
        for what, call in (("waits", partial(sleep, CALL)), ("computes", _busy(CALL))):
            yield Row(
                f"track() of a call that {what} for 100 ms, all monitors on; bare: our track(), none on",
                *interleaved(
                    sizes.rounds,
                    lambda call=call: timed(_track_each, measured, call, sizes.calls) / sizes.calls,
                    lambda call=call: timed(_track_each, plain, call, sizes.calls) / sizes.calls,
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


def _busy(seconds):
    """A function that counts for about so long."""
    number, end = 0, perf_counter() + seconds
    while perf_counter() < end:
        _count(1000)
        number += 1000
    return partial(_count, number)


def _count(number):
    for _ in range(number):
        pass


def _noop():
    pass


def _track_each(tracker, call, number):
    for _ in range(number):
        tracker.track(call)


def _log_each(tracker, batch):
    for event in batch:
        tracker.log(event)
