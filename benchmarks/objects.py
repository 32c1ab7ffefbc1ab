"""Rows of the table about logged objects."""

import hashlib
import sqlite3
from contextlib import closing
from itertools import count

import cloudpickle
import numpy as np
import xxhash
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier

from benchmarks.rounds import Row, interleaved, timed
from xetrack import Tracker


def seen(sizes, folder):
    model = RandomForestClassifier(sizes.trees, random_state=0).fit(*load_digits(return_X_y=True))
    with Tracker(folder / "seen.db") as tracker:
        yield Row(
            f"log() of a forest, {len(cloudpickle.dumps(model)) / 1e6:.1f} MB, seen before; bare: pickling and hashing",
            *interleaved(
                sizes.rounds,
                lambda: timed(tracker.log, {"accuracy": 0.9, "model": model}),
                lambda: timed(_pickle_and_hash, model),
            ),
            limit=1.2,
        )
        key = tracker.latest["model"]
        yield Row(
            "log() of its hash in its place; bare: log() of a text",
            *interleaved(
                sizes.rounds,
                lambda: timed(_log_each, tracker, {"accuracy": 0.9, "model": key}, sizes.logs) / sizes.logs,
                lambda: (
                    timed(_log_each, tracker, {"accuracy": 0.9, "model": "resnet18-of-2015"}, sizes.logs) / sizes.logs
                ),
            ),
            limit=1.05,
        )


def _pickle_and_hash(value):
    data = cloudpickle.dumps(value)
    return xxhash.xxh64(data).hexdigest(), hashlib.blake2b(data).digest()


def _log_each(tracker, event, times):
    for _ in range(times):
        tracker.log(event)


def array(sizes, folder):
    """Each round has new content: nothing is there already."""
    values = np.random.default_rng(0).random(sizes.array)
    megabytes = values.nbytes / 1e6
    fresh = count()
    with Tracker(folder / "array.db") as tracker, closing(_bare(folder / "array-bare.db")) as bare:
        yield Row(
            f"an array of {megabytes:.0f} MB into the store, hashed; bare: INSERT of a blob + commit",
            *interleaved(
                sizes.array_rounds,
                lambda: _timed_put(tracker.assets.insert, values, fresh),
                lambda: _timed_put(lambda each: _insert(bare, each), values, fresh),
            ),
            limit=1.3,
        )
        key = tracker.assets.keys()[-1]
        yield Row(
            f"an array of {megabytes:.0f} MB out of the store, checked; bare: SELECT of a blob",
            *interleaved(
                sizes.array_rounds,
                lambda: timed(tracker.assets.get, key),
                lambda: timed(lambda: bare.execute("SELECT value FROM blobs LIMIT 1").fetchone()),
            ),
            limit=1.3,
        )


def _timed_put(put, values, fresh):
    values[0] = next(fresh)
    return timed(put, values)


def _bare(path):
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE blobs (key INTEGER PRIMARY KEY, value BLOB)")
    return connection


def _insert(connection, values):
    connection.execute("INSERT INTO blobs (value) VALUES (?)", (values.data,))
    connection.commit()
