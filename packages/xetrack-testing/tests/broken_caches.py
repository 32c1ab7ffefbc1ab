"""Result caches with one fault each."""

import pickle
import sqlite3
import threading
import time
from contextlib import closing
from types import FunctionType

from proving import broken

from xetrack_testing import CacheContract

SCHEMA = "CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, result BLOB, run TEXT)"
PLAIN = (bool, int, float, complex, str, bytes, type(None))


class NoKeyError(Exception):
    """A call has no key."""


def unambiguous(value):
    """Return an unambiguous text for a value."""
    if type(value) in PLAIN:
        return f"{type(value).__name__} {value!r}"
    if type(value) in {tuple, list}:
        return f"({','.join(map(unambiguous, value))})"
    if type(value) is FunctionType and value.__name__ != "<lambda>":
        return f"function {value.__module__}.{value.__qualname__}"
    raise NoKeyError


class Claim:
    """A claim in a table, with the thread that holds it."""

    def __init__(self, cache, key):
        self.cache, self.key, self.mine = cache, key, False

    def __enter__(self):
        return self

    def wait(self):
        while not self.poll():
            time.sleep(0.002)

    def poll(self):
        if not self.mine and self.cache.holder(self.key) != threading.get_ident():
            self.mine = self.cache.hold(self.key)
            return self.mine
        return True

    def __exit__(self, *_):
        if self.mine:
            self.cache.let_go(self.key)


class Cache:
    """Keeps entries and claims in SQLite."""

    Claim = Claim

    def __init__(self, path, context):
        self.path, self.warn = path, context.warn
        self.execute(SCHEMA)
        self.execute("CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, thread INTEGER)")

    def execute(self, sql, *arguments):
        with closing(sqlite3.connect(self.path, timeout=60)) as conn, conn:
            cursor = conn.execute(sql, arguments)
            return cursor.fetchall() if cursor.description else cursor.rowcount

    def unambiguous(self, value):
        return unambiguous(value)

    def key(self, function, args, kwargs, params, depends_on=()):
        try:
            named = [[name, value] for each in (kwargs, params) for name, value in each.items()]
            return self.unambiguous([function, list(args), len(kwargs), named, list(depends_on)])
        except NoKeyError:
            self.warn("key", "a call is not cached")
            return None

    def load(self, data):
        return pickle.loads(data)  # noqa: S301 - the tests' own

    def get(self, key):
        for data, run in self.execute("SELECT result, run FROM entries WHERE key = ?", key):
            try:
                return {"result": self.load(data), "cache": run}
            except Exception:
                return None
        return None

    def set(self, key, result, track_id):
        try:
            data = pickle.dumps(result)
        except Exception as error:
            self.warn("set", f"not kept: {error}")
            return
        self.execute("REPLACE INTO entries VALUES (?, ?, ?)", key, data, track_id)

    def claim(self, key):
        return self.Claim(self, key)

    def holder(self, key):
        return next((thread for (thread,) in self.execute("SELECT thread FROM claims WHERE key = ?", key)), None)

    def hold(self, key):
        return self.execute("INSERT OR IGNORE INTO claims VALUES (?, ?)", key, threading.get_ident()) == 1

    def let_go(self, key):
        self.execute("DELETE FROM claims WHERE key = ?", key)

    def delete_run(self, track_id):
        return self.execute("DELETE FROM entries WHERE run = ?", track_id)

    def scan(self):
        for (key,) in self.execute("SELECT key FROM entries"):
            entry = self.get(key)
            if entry is not None:
                yield key, entry

    def close(self):
        """Do nothing: no connection is open."""


class Right(CacheContract):
    durable = shared = alone = True
    patience = 0.2
    made = Cache

    def open(self, place, context):
        return self.made(place / "cache.db", context)

    def damage(self, place, key):
        with closing(sqlite3.connect(place / "cache.db")) as conn, conn:
            conn.execute("UPDATE entries SET result = substr(result, 2) WHERE key = ?", (key,))


class TestRight(Right):
    pass


@broken(Right, "test_it_has_the_methods_of_a_cache")
class WithoutScan(Cache):
    scan = None


@broken(Right, "test_calls_whose_results_may_differ_have_different_keys")
class KeysByRepr(Cache):
    def key(self, function, args, kwargs, params, depends_on=()):
        return repr((function.__name__, args, kwargs))


@broken(Right, "test_calls_whose_results_may_differ_have_different_keys")
class KeysByHash(Cache):
    def key(self, function, args, kwargs, params, depends_on=()):
        return str(hash((function, args, tuple(kwargs.items()), tuple(params.items()), depends_on)))


@broken(Right, "test_calls_whose_results_may_differ_have_different_keys")
class HasNoKeys(Cache):
    def key(self, *call):
        self.warn("key", "nothing is cached")


@broken(Right, "test_the_same_call_has_the_same_key")
class CountsKeys(Cache):
    number = 0

    def key(self, *call):
        CountsKeys.number += 1
        return f"{super().key(*call)} {self.number}"


@broken(Right, "test_another_process_makes_the_same_keys")
class HashesText(Cache):
    def key(self, *call):
        key = super().key(*call)
        return f"{key} {hash(key)}"


@broken(Right, "test_objects_of_unknown_equality_share_no_key")
class KeysByType(Cache):
    def unambiguous(self, value):
        try:
            return super().unambiguous(value)
        except NoKeyError:
            return "something"


@broken(Right, "test_objects_of_unknown_equality_share_no_key")
class SaysNothing(Cache):
    def key(self, *call):
        warn, self.warn = self.warn, lambda *_: None
        key = super().key(*call)
        self.warn = warn
        return key


@broken(Right, "test_a_missing_entry_is_none")
class KnowsEverything(Cache):
    def get(self, key):
        return super().get(key) or {"result": None, "cache": ""}


@broken(Right, "test_a_result_comes_back_with_its_run", "test_a_tracker_does_not_call_what_it_called_before")
class NoneIsNoResult(Cache):
    def get(self, key):
        entry = super().get(key)
        return entry if entry and entry["result"] is not None else None


@broken(Right, "test_a_later_result_replaces_an_earlier_one")
class KeepsTheFirst(Cache):
    def set(self, key, result, track_id):
        if self.get(key) is None:
            super().set(key, result, track_id)


class Living(Cache):
    """Returns the very objects that were stored."""

    def __init__(self, path, context):
        super().__init__(path, context)
        self.living = {}

    def set(self, key, result, track_id):
        self.living[key] = (result, track_id)

    def get(self, key):
        if key not in self.living:
            return None
        return dict(zip(("result", "cache"), self.living[key], strict=True))

    def scan(self):
        return [(key, self.get(key)) for key in self.living]


@broken(
    Right,
    "test_a_stored_result_cannot_be_changed_from_outside",
    "test_entries_survive_reopening",
    "test_two_caches_on_one_place_see_each_others_entries",
)
class SharesItsResults(Living):
    pass


@broken(Right, "test_an_unstorable_result_is_a_warning")
class KeepsQuiet(Cache):
    def set(self, key, result, track_id):
        try:
            data = pickle.dumps(result)
        except Exception:
            return
        self.execute("REPLACE INTO entries VALUES (?, ?, ?)", key, data, track_id)


@broken(Right, "test_a_damaged_entry_is_none")
class Trusting(Cache):
    def load(self, data):
        try:
            return super().load(data)
        except Exception:
            return data


@broken(Right, "test_deleting_a_run_deletes_its_entries")
class ForgetsTooMuch(Cache):
    def delete_run(self, track_id):
        return self.execute("DELETE FROM entries WHERE run LIKE ? || '%'", track_id)


@broken(Right, "test_every_entry_is_listed_with_its_key")
class ListsFour(Cache):
    def scan(self):
        return list(super().scan())[:4]


@broken(Right, "test_closing_twice_is_harmless")
class ClosesOnce(Cache):
    closed = False

    def close(self):
        assert not self.closed, "it is closed"
        self.closed = True


@broken(Right, "test_threads_share_a_cache")
class MixesThreadsUp(Cache):
    def set(self, key, result, track_id):
        self.result = (result, track_id)
        time.sleep(0.0005)
        super().set(key, *self.result)


class Free(Claim):
    """Never waits."""

    def wait(self):
        pass

    def poll(self):
        return True


@broken(
    Right,
    "test_one_of_several_threads_computes_a_result",
    "test_polling_does_not_wait",
    "test_one_of_several_processes_computes_a_result",
)
class NobodyWaits(Cache):
    Claim = Free


class Impatient(Claim):
    """Gives up soon."""

    def wait(self):
        for _ in range(3):
            if self.poll():
                return
        raise TimeoutError("somebody else computes it")


class HeldOnFailure(Claim):
    """Is not released after an exception."""

    def __exit__(self, kind, *_):
        if kind is None:
            super().__exit__()

    def wait(self):
        end = time.monotonic() + 0.2
        while not self.poll():
            if time.monotonic() > end:
                raise TimeoutError("it is held")


@broken(Right, "test_a_failed_computation_releases_its_claim")
class HoldsOnForEver(Cache):
    Claim = HeldOnFailure


@broken(Right, "test_one_of_several_threads_computes_a_result")
class SoonGivesUp(Cache):
    Claim = Impatient


class OneForAllKeys(Claim):
    """One claim for all keys."""

    def __init__(self, cache, key):
        super().__init__(cache, "all")

    def wait(self):
        end = time.monotonic() + 0.2
        while not self.poll():
            if time.monotonic() > end:
                raise TimeoutError("another key is computed")


@broken(Right, "test_different_keys_do_not_wait_for_each_other")
class ComputesOneThing(Cache):
    Claim = OneForAllKeys


class WaitsForItself(Claim):
    """Waits even if it is nested."""

    def wait(self):
        while not self.mine:
            self.mine = self.cache.hold(self.key)
            time.sleep(0.002)

    def poll(self):
        self.mine = self.mine or self.cache.hold(self.key)
        return self.mine


@broken(Right, "test_a_nested_claim_does_not_wait_for_itself")
class WaitsForEver(Cache):
    Claim = WaitsForItself


# Beside the engine


@broken(Right, "test_the_engine_stays_open")
class ClosesTheEngine(Cache):
    def __init__(self, path, context):
        super().__init__(path, context)
        self.engine = context.engine

    def close(self):
        self.engine.close()


@broken(Right, "test_a_cache_adds_no_events")
class KeepsResultsAsEvents(ClosesTheEngine):
    def set(self, key, result, track_id):
        super().set(key, result, track_id)
        self.engine.append("results", [{"key": key, "timestamp": "2026-01-02 03:04:05.000000", "track_id": track_id}])

    def close(self):
        """Leave the engine open."""
