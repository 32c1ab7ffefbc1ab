"""The cache keeps the contract that xetrack asks of everybody's: on disk, and over a plain mapping."""

import sqlite3
from contextlib import closing

from xetrack import Tracker
from xetrack_cache import CacheOptions, _open_commands
from xetrack_cache.disk import DATABASE, DiskResults
from xetrack_cache.results import Results
from xetrack_testing import CacheContract, CommandContract


class TestOnDisk(CacheContract):
    durable = True
    shared = True
    alone = True

    def open(self, place, context):
        return DiskResults(CacheOptions(place / "results"), context)

    def damage(self, place, key):
        with closing(sqlite3.connect(place / "results" / DATABASE)) as conn, conn:
            (entry,) = conn.execute("SELECT value FROM Cache WHERE key = ?", (key,)).fetchone()
            conn.execute("UPDATE Cache SET value = ? WHERE key = ?", (entry[:-30] + b"damaged" + entry[-23:], key))


class TestOverAMapping(CacheContract):
    def open(self, place, context):
        return Results({}, context)


class TestByContent(CacheContract):
    def open(self, place, context):
        return Results({}, context, content=True)


def double(number):
    return 2 * number


class TestCommands(CommandContract):
    """What DB stands for is the folder of a cache."""

    open = staticmethod(_open_commands)
    looks = (["ls", "DB"], ["ls", "DB", "--json"], ["ls", "DB", "--csv"], ["stats", "DB"], ["stats", "DB", "--json"])
    changes = (["delete", "DB", "run-1"],)

    def full(self, place):
        with Tracker(place / "track.db", track_id="run-1", cache=place / "cache") as tracker:
            tracker.track(double, 5)
        return str(place / "cache")

    def empty(self, place):
        with Tracker(place / "track.db", cache=place / "cache"):
            return str(place / "cache")

    def missing(self, place):
        return str(place / "missing")
