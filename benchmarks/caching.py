"""Rows of the table about cached results."""

from contextlib import closing
from hashlib import blake2b

import diskcache
import numpy as np

from benchmarks.rounds import Row, interleaved, timed
from benchmarks.workload import PARAMS, events
from xetrack import Tracker
from xetrack_cache.call_keys import call_key


def power(x, y):
    return x**y


def hit(sizes, folder):
    batch = events(sizes.logs)
    with (
        Tracker(folder / "hit.db", params=PARAMS, cache=folder / "hit") as tracker,
        Tracker(folder / "hit-log.db", params=PARAMS) as other,
        closing(diskcache.Cache(str(folder / "hit-bare"))) as bare,
    ):
        tracker.track(power, args=[2, 10])
        bare["power"] = {"result": 1024, "cache": "fierce-pudu-1649"}
        yield Row(
            "a hit through track(); bare: diskcache get + our log()",
            *interleaved(
                sizes.rounds,
                lambda: timed(_track_each, tracker, len(batch)) / len(batch),
                lambda: timed(_get_and_log_each, bare, other, batch) / len(batch),
            ),
            limit=1.5,
        )


def _track_each(tracker, number):
    for _ in range(number):
        tracker.track(power, args=[2, 10])


def _get_and_log_each(bare, tracker, batch):
    for event in batch:
        bare.get("power")
        tracker.log(event)


def key(sizes, _):
    yield Row(
        "key of a call with 5 small arguments and a param; bare: doing nothing",
        *interleaved(
            sizes.rounds,
            lambda: timed(_make_keys, sizes.logs) / sizes.logs,
            lambda: 0.0,
        ),
        limit=10e-6,
        difference=True,
    )
    array = np.random.default_rng(0).random(sizes.bytes // 8)
    yield Row(
        f"key of an array of {sizes.bytes:,} bytes; bare: blake2b of its bytes",
        *interleaved(
            sizes.rounds,
            lambda: timed(lambda: call_key(power, [array], {}, {}, content=True)),
            lambda: timed(lambda: blake2b(array, digest_size=20).hexdigest()),
        ),
        limit=1.3,
    )


def _make_keys(number):
    for _ in range(number):
        call_key(power, [2, 10.5, "text", None], {"flag": True}, PARAMS)
