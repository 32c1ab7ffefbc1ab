"""A cache over a mapping of somebody else's: keys and semantics are shared, storage is theirs."""

import threading
from collections.abc import MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from xetrack import Provider, Tracker, XetrackWarning, hookimpl
from xetrack.plugin import ResultCache
from xetrack_cache.results import Results


@dataclass(frozen=True)
class MemoryOptions:
    remember: bool = True


class MemoryPlugin:
    """All of a plugin that keeps results in memory, for as long as it lives itself."""

    def __init__(self, entries=None):
        self.entries = {} if entries is None else entries

    @hookimpl
    def xetrack_caches(self):
        return [Provider("memory", self.open, MemoryOptions)]

    def open(self, options, context):
        return Results(self.entries, context)


@pytest.fixture
def plugin():
    return MemoryPlugin()


@pytest.fixture
def tracker(plugin):
    with Tracker("track.db", plugins=[plugin], remember=True) as opened:
        yield opened


def double(x):
    return 2 * x


def test_results_are_kept_in_it(tracker, plugin):
    assert [tracker.track(double, 1), tracker.track(double, 1), tracker.track(double, 2)] == [2, 2, 4]
    assert tracker.to_df()["cache"].tolist() == ["", tracker.track_id, ""]
    assert len(plugin.entries) == 2
    assert all(type(entry) is bytes for entry in plugin.entries.values())


def test_it_is_a_result_cache(tracker):
    assert isinstance(tracker.cache, ResultCache)
    tracker.track(double, 1)
    key = tracker._generate_cache_key(double, (1,), {}, {})

    assert dict(tracker.cache.scan()) == {key: {"result": 2, "cache": tracker.track_id}}
    assert tracker.cache.delete_run("another-run") == 0
    assert tracker.cache.delete_run(tracker.track_id) == 1
    assert list(tracker.cache.scan()) == []


def test_what_is_damaged_is_a_miss(tracker, plugin):
    tracker.track(double, 1)
    [key] = plugin.entries
    plugin.entries[key] = b""
    with pytest.warns(XetrackWarning, match="damaged and is computed again"):
        assert tracker.track(double, 1) == 2
    for damaged in (b"x", plugin.entries[key][:-1], "text", None, 5):  # it is warned of once
        plugin.entries[key] = damaged
        assert tracker.track(double, 1) == 2
    assert tracker.to_df()["cache"].tolist() == [""] * 7


def test_threads_compute_once(tracker):
    tracker.calls, tracker.all_here = [], threading.Barrier(4)

    def work(x):
        tracker.calls.append(x)
        return x

    def ask(_):
        tracker.all_here.wait(300)
        return tracker.track(work, 1)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [1] * 4
    assert tracker.calls == [1]


class Broken(MutableMapping):
    """A server that is down."""

    def __getitem__(self, key):
        raise ConnectionError("the server is down")

    def __setitem__(self, key, value):
        raise ConnectionError("the server is down")

    __delitem__ = __getitem__

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0


def test_a_mapping_that_fails_is_warned_of_and_the_calls_go_on():
    with Tracker("track.db", plugins=[MemoryPlugin(Broken())], warnings=True) as tracker:
        with pytest.warns(XetrackWarning, match="cannot be read.*the server is down"):
            tracker.cache.get("f:1")
        with pytest.warns(XetrackWarning, match="cannot be written"):
            tracker.cache.set("f:1", 1, "run")
        assert tracker.track(double, 1) == 2
