"""The one workload: what is logged, and the bare table that takes the same."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from xetrack import Tracker

PARAMS = {"model": "resnet18"}
TRACK_ID = "fierce-pudu-1649"
CREATE = (
    "CREATE TABLE events (timestamp TEXT NOT NULL, track_id TEXT NOT NULL, model TEXT, accuracy REAL, loss REAL,"
    " epoch INTEGER, PRIMARY KEY (track_id, timestamp))"
)
INSERT = "INSERT INTO events (model, accuracy, loss, epoch, timestamp, track_id) VALUES (?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True)
class Sizes:
    """How much of everything. The goals are for `FULL`; the others show sooner where things stand."""

    rounds: int = 15
    logs: int = 2_000  # calls of log() a round
    batch: int = 20_000  # rows of a log_batch()
    frame: int = 1_000_000  # rows of a to_df()
    frame_rounds: int = 7  # of a process each
    starts: int = 25  # processes started to see what an import costs
    opens: int = 30  # trackers opened a round
    calls: int = 5  # of 100 ms a round, to be measured
    large: int = 10_000_000  # rows of the large table
    runs: int = 10_000  # runs in the large table
    copied: int = 1_000  # new rows of a copy
    columns: int = 500  # of the wide table
    trees: int = 30  # of a forest that is logged as an object
    array: int = 12_500_000  # numbers of an array that is logged as an object: 100 MB
    array_rounds: int = 5
    bytes: int = 100_000_000  # of an array that is an argument


FULL = Sizes()
QUICK = Sizes(rounds=9, frame=200_000, frame_rounds=5, starts=9, opens=10, large=200_000, runs=1_000)
TINY = Sizes(
    rounds=2, logs=5, batch=10, frame=100, frame_rounds=1, starts=1, opens=1, calls=1, large=200, runs=10, columns=20,
    trees=1, array=1000, array_rounds=1, bytes=8_000,
)  # fmt: skip


def events(number):
    return [{"accuracy": 1 - 1 / (i + 2), "loss": 1 / (i + 1), "epoch": i} for i in range(number)]


def values(number, ticks=count()):  # noqa: B008 - one counter for all: no two rows share a time
    """The same as `events`, ready for `INSERT`."""
    return [
        (*PARAMS.values(), *event.values(), f"2026-01-01 00:{tick // 10**6:02}:00.{tick % 10**6:06}", TRACK_ID)
        for event, tick in zip(events(number), ticks, strict=False)
    ]


def bare_connection(path):
    """A plain sqlite3 connection in the settings that xetrack uses."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(CREATE)
    return connection


_FILL = """
WITH RECURSIVE numbers (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i < :rows - 1)
INSERT INTO events (model, accuracy, loss, epoch, timestamp, track_id)
SELECT 'resnet18', abs(random()) / 9223372036854775807.0, 1.0 / (1 + i % :size), i % :size,
    strftime('%Y-%m-%d %H:%M:%S', 1700000000 + i, 'unixepoch') || '.000000',
    printf('%s-run-%05d', substr('az', 1 + i / :size % 2, 1), i / :size)
FROM numbers
"""
# the names of a tracker's own runs lie between those of the a and those of the z


def fill(path: Path, rows, runs):
    """A file that xetrack made, with `rows` rows of `runs` runs put in past it, for speed."""
    if path.exists():
        return path
    with Tracker(path, params=PARAMS) as tracker:
        tracker.log(events(1)[0])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -500000")
        connection.execute(_FILL, {"rows": rows, "size": max(1, rows // runs)})
        connection.commit()
        connection.execute("PRAGMA journal_mode = WAL")
    return path
