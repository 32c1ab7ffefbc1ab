"""Results come back as they were, with the run that computed them."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from xetrack import Tracker
from xetrack.plugin import ResultCache
from xetrack_testing.cache.fixtures import CacheFixtures, Opener, entry_of, key_of
from xetrack_testing.cache.functions import check, double
from xetrack_testing.contract import plugin_with
from xetrack_testing.remote_call import remote_call

__all__ = ["EntriesContract"]

RESULTS: tuple[Any, ...] = (None, False, 0, "", "text", b"\0", 1.5, [1, [2]], {"a": {"b": None}}, (1, 2), "x" * 300_000)


class EntriesContract(CacheFixtures):
    """`get`, `set`, `scan`, `delete_run` and `close`."""

    def test_a_missing_entry_is_none(self, cache: ResultCache) -> None:
        """Nothing is listed or deleted."""
        assert cache.get(key_of(cache)) is None
        assert (list(cache.scan()), cache.delete_run("run-1")) == ([], 0)

    def test_a_result_comes_back_with_its_run(self, cache: ResultCache) -> None:
        """Results of every type, including None."""
        for number, result in enumerate(RESULTS):
            cache.set(key_of(cache, number), result, f"run-{number}")
        for number, result in enumerate(RESULTS):
            entry = cache.get(key_of(cache, number))
            assert entry is not None, f"the entry of {result!r} is missing"
            assert (entry["cache"], entry["result"]) == (f"run-{number}", result)
            assert type(entry["result"]) is type(result)

    def test_a_later_result_replaces_an_earlier_one(self, cache: ResultCache) -> None:
        """Including its run."""
        key = key_of(cache)
        cache.set(key, 1, "run-1")
        cache.set(key, 2, "run-2")
        assert entry_of(cache, key) == (2, "run-2")
        assert len(list(cache.scan())) == 1

    def test_a_stored_result_cannot_be_changed_from_outside(self, cache: ResultCache) -> None:
        """Neither through the object that was stored nor through one that was returned."""
        key, result = key_of(cache), [1]
        cache.set(key, result, "run-1")
        result.append(2)
        for _ in range(2):
            found = entry_of(cache, key)[0]
            assert found == [1]
            found.append(3)

    def test_an_unstorable_result_is_a_warning(self, cache: ResultCache) -> None:
        """The cache stays usable."""
        cache.set(key_of(cache), threading.Lock(), "run-1")
        assert cache.get(key_of(cache)) is None
        assert self.warned
        cache.set(key_of(cache, 1), "kept", "run-1")
        assert entry_of(cache, key_of(cache, 1)) == ("kept", "run-1")

    def test_a_damaged_entry_is_none(self, tmp_path: Path, opener: Opener) -> None:
        """It can be stored again. Other entries are not affected."""
        with self.opened(tmp_path) as cache:
            keys = [key_of(cache, number) for number in range(2)]
            for key in keys:
                cache.set(key, ["result"] * 100, "run-1")
        self.damage(tmp_path, keys[0])
        again = opener()
        assert (again.get(keys[0]), entry_of(again, keys[1])) == (None, (["result"] * 100, "run-1"))
        again.set(keys[0], "new", "run-2")
        assert entry_of(again, keys[0]) == ("new", "run-2")

    def test_deleting_a_run_deletes_its_entries(self, cache: ResultCache) -> None:
        """No others. It returns the number of deleted entries."""
        for number in range(5):
            cache.set(key_of(cache, number), number, f"run-{number % 2}")
        assert cache.delete_run("run-0") == 3
        assert [cache.get(key_of(cache, number)) is None for number in range(5)] == [True, False, True, False, True]
        assert (cache.delete_run("run-0"), cache.delete_run("run")) == (0, 0)

    def test_every_entry_is_listed_with_its_key(self, cache: ResultCache) -> None:
        """The same entries as `get` returns."""
        wanted = {key_of(cache, number): (number, "run-1") for number in range(5)}
        for key, (result, run) in wanted.items():
            cache.set(key, result, run)
        assert {key: (entry["result"], entry["cache"]) for key, entry in cache.scan()} == wanted

    def test_closing_twice_is_harmless(self, cache: ResultCache) -> None:
        """Also for a cache that was never used."""
        cache.close()
        cache.close()

    def test_entries_survive_reopening(self, opener: Opener) -> None:
        """Requires `durable`."""
        self.require("durable")
        first = opener()
        first.set(key_of(first), [1], "run-1")
        first.close()
        assert entry_of(opener(), key_of(first)) == ([1], "run-1")

    def test_two_caches_on_one_place_see_each_others_entries(self, opener: Opener, tmp_path: Path) -> None:
        """Within a process and between processes. Requires `shared`."""
        self.require("shared")
        one, two = opener(), opener()
        key = key_of(one)
        one.set(key, 1, "run-1")
        assert entry_of(two, key) == (1, "run-1")
        two.set(key, 2, "run-2")
        assert entry_of(one, key) == (2, "run-2")
        assert remote_call(self.entry_in, str(tmp_path), key) == [2, "run-2"]
        assert two.delete_run("run-2") == 1
        assert one.get(key) is None

    def entry_in(self, place: str, key: str) -> Any:
        """Runs in another process."""
        with self.opened(place) as cache:
            return entry_of(cache, key)

    def test_threads_share_a_cache(self, cache: ResultCache) -> None:
        """No result is lost or confused with another."""

        def keep(thread: int) -> bool:
            for number in range(20):
                cache.set(key_of(cache, thread, number), [thread, number], f"run-{thread}")
                cache.set(key_of(cache, "all", number), number, f"run-{thread}")
            return all(
                entry_of(cache, key_of(cache, thread, number)) == ([thread, number], f"run-{thread}")
                and entry_of(cache, key_of(cache, "all", number))[0] == number
                for number in range(20)
            )

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(keep, range(4)))
        assert len(list(cache.scan())) == 100

    def test_a_tracker_does_not_call_what_it_called_before(self, tmp_path: Path) -> None:
        """None is cached, exceptions are not, and the row names the run that computed the result."""
        plugin = plugin_with("caches", lambda context: self.open(tmp_path, context))
        with Tracker(tmp_path / "track.db", plugins=[plugin], raise_on_error=False) as tracker:
            results = [tracker.track(double, 5) for _ in range(2)]
            results += [tracker.track(check, number) for number in (1, 1, 0, 0)]
            cached_from = tracker.engine.read(tracker.table)["cache"]
        assert results == [10, 10, None, None, None, None]
        assert cached_from == ["", tracker.track_id, "", tracker.track_id, "", ""]
