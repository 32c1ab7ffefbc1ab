"""Calls through a tracker with a cache."""

import asyncio
import itertools
import pickle
import threading
from functools import partial

import numpy as np
import pandas as pd
import pytest
from cache_values import Config

from xetrack import Reader, Tracker, XetrackWarning
from xetrack.errors import ClosedError, OptionError, PluginNotInstalledError

pytestmark = pytest.mark.filterwarnings("ignore:.*[oO]nly (the|its) repr")  # there is no asset store here


@pytest.fixture
def tracker():
    with Tracker("track.db", cache="cache") as opened:
        yield opened


class Counter:
    """Makes functions that count their calls, without that counting being part of what they do."""

    def __init__(self):
        self.calls = []

    def function(self, result=None):
        calls = self.calls

        def counted(*args, **kwargs):
            calls.append(args)
            return result

        return counted


@pytest.fixture
def counter():
    return Counter()


def column(tracker, name="cache"):
    return tracker.to_df()[name].tolist()


def test_none_is_a_result(tracker, counter):
    function = counter.function(None)

    assert tracker.track(function, 1) is None
    assert tracker.track(function, 1) is None
    assert len(counter.calls) == 1
    assert column(tracker) == ["", tracker.track_id]


RESULTS = [0, "", False, 1.5, b"\0\n" * 40_000, (1, [2, {"a": {3}}]), Config("a"), "x" * 100_000, float("inf")]


@pytest.mark.parametrize("result", RESULTS, ids=lambda each: type(each).__name__)
def test_a_result_comes_back_as_it_was(tracker, counter, result):
    function = counter.function(result)
    tracker.track(function, 1)

    again = tracker.track(function, 1)

    assert again == result
    assert type(again) is type(result)
    assert len(counter.calls) == 1


def test_arrays_and_frames_come_back_as_they_were(tracker):
    array = np.arange(100_000.0)
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})

    for _ in range(2):
        assert (tracker.track(make_array, 100_000) == array).all()
        assert tracker.track(make_frame).equals(frame)
    assert column(tracker) == ["", "", tracker.track_id, tracker.track_id]


def make_array(size):
    return np.arange(float(size))


def make_frame():
    return pd.DataFrame({"a": [1, 2], "b": ["x", None]})


def test_a_result_that_is_changed_later_is_cached_as_it_was(tracker, counter):
    tracker.track(make_list).append(2)
    tracker.track(make_list).append(3)

    assert tracker.track(make_list) == [1]
    assert column(tracker) == ["", tracker.track_id, tracker.track_id]


def make_list():
    return [1]


def test_a_returned_dict_is_part_of_the_row_again(tracker, counter):
    function = counter.function({"accuracy": 0.9})
    tracker.track(function, 1)
    tracker.track(function, 1)

    assert column(tracker, "accuracy") == [0.9, 0.9]
    assert column(tracker) == ["", tracker.track_id]


def test_a_returned_cache_is_kept_under_another_name(tracker, counter):
    with pytest.warns(XetrackWarning, match="'cache' in the returned dict"):
        tracker.track(counter.function({"cache": "mine"}), 1)

    assert column(tracker, "result_cache") == ["mine"]
    assert column(tracker) == [""]


def test_force_computes_again_and_keeps_the_result():
    with Tracker("track.db", cache="cache") as tracker:
        assert tracker.track(next_of) == 1
        assert tracker.track(next_of) == 1
        assert tracker.track(next_of, cache_force=True) == 2
        assert tracker.track(next_of) == 2
        assert column(tracker) == ["", tracker.track_id, "", tracker.track_id]


drawn = itertools.count(1)


def next_of():
    return next(drawn)


def test_params_of_the_run_and_of_the_call_are_in_the_key(counter):
    function = counter.function(1)
    for params in ({}, {"model": "a"}, {"model": "b"}):
        with Tracker("track.db", cache="cache", params=params) as tracker:
            tracker.track(function, 1)
            tracker.track(function, 1)
    assert len(counter.calls) == 3
    with Tracker("track.db", cache="cache") as tracker:
        tracker.track(function, 1, params={"model": "a"})  # as if it were the run's
        assert len(counter.calls) == 3
        tracker.set_param("seed", 1)
        tracker.track(function, 1)
        tracker.track(function, 1)
        assert len(counter.calls) == 4


def test_without_a_cache_there_is_no_column(counter):
    with Tracker("track.db") as tracker:
        tracker.track(counter.function(1), 1, depends_on=[1], cache_force=True)

        assert "cache" not in tracker.to_df()
        assert tracker._generate_cache_key(len, [()], {}, {}) is None


def test_wrapped_functions_and_methods_are_cached(tracker, counter):
    calls = counter.calls

    @tracker.wrap
    def plain(x):
        calls.append(x)
        return x

    @tracker.wrap(params={"model": "a"})
    def with_params(x):
        calls.append(x)
        return x

    class Model:
        def __init__(self, weight):
            self.weight = weight

        def __hash__(self):
            return hash(self.weight)

        def __eq__(self, other):
            return self.weight == other.weight

        @tracker.wrap
        def predict(self, x):
            calls.append(x)
            return self.weight * x

        @tracker.wrap
        @staticmethod
        def double(x):
            calls.append(x)
            return 2 * x

    for _ in range(2):
        assert plain(1) == with_params(1) == 1
        assert (Model(2).predict(3), Model(3).predict(3), Model.double(4)) == (6, 9, 8)
    assert len(calls) == 5


def test_what_a_function_depends_on_is_in_the_key(tracker, counter):
    function = counter.function(1)
    for helper in (lambda x: x + 1, lambda x: x + 2, lambda x: x + 1):
        tracker.track(function, 1, depends_on=[helper])
    assert len(counter.calls) == 2

    for helper in (lambda x: x + 1, lambda x: x + 3):
        tracker.wrap(depends_on=[helper])(function)(1)
    assert len(counter.calls) == 3


def test_an_edited_function_is_computed_again(python):
    script = """
        import sys
        from xetrack import Tracker
        for number, version in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
            exec(f"def f(x):\\n    return x + {number}")
            with Tracker("track.db", cache="cache", cache_version=version or None) as tracker:
                print(tracker.track(f, 1), "computed" if tracker.latest["cache"] == "" else "hit")
    """
    assert python(script, 1, "") == "2 computed"
    told = python(script, 1, "", 5, "", 1, "", 1, "v1", 5, "v1", 5, "v2")
    assert told.splitlines() == ["2 hit", "6 computed", "2 hit", "2 computed", "2 hit", "6 computed"]


def test_contents_are_looked_into_if_asked_for(counter):
    function = counter.function(1)
    with Tracker("track.db", cache="cache", cache_args="content") as tracker:
        for value in ([1], [1], {"a": {1}}, {"a": {1}}, np.arange(3), np.arange(3), pd.Series([1]), pd.Series([1])):
            tracker.track(function, value)
        assert len(counter.calls) == 4
        with pytest.warns(XetrackWarning, match="no __hash__ of its own"):
            tracker.track(function, object())


def test_results_that_cannot_be_pickled_are_returned_and_warned_of_once(tracker):
    with pytest.warns(XetrackWarning, match=r"the result of .*make_lock cannot be pickled, so it is not cached"):
        assert tracker.track(make_lock).acquire()
    assert tracker.track(make_lock).acquire()  # warned of once
    assert column(tracker) == ["", ""]


def make_lock():
    return threading.Lock()


def test_arguments_that_fail_on_being_looked_at_skip_the_cache(tracker, counter):
    class Bad:
        def __hash__(self):
            return 1

        def __cache_key__(self):
            raise RuntimeError("no key today")

    with pytest.warns(XetrackWarning, match="no key today"):
        tracker.track(counter.function(1), Bad())
    assert "cache" not in tracker.to_df()
    assert len(counter.calls) == 1


def test_warnings_can_be_switched_off(counter):
    with Tracker("track.db", cache="cache", warnings=False) as tracker:
        tracker.track(counter.function(1), [1])


def test_nothing_is_warned_of_twice_across_kinds_of_calls(tracker, counter):
    with pytest.warns(XetrackWarning):
        tracker.track(counter.function(1), [1])
    tracker.track(counter.function(2), 1, x=[1])
    tracker.track(partial(counter.function(3), []))


# async functions and generators


def test_async_functions_are_cached(tracker, counter):
    calls = counter.calls

    @tracker.wrap
    async def fetch(x):
        calls.append(x)
        await asyncio.sleep(0)
        return x

    async def both():
        return await fetch(1), await fetch(1), await tracker.track(fetch.__wrapped__, 1)

    assert asyncio.run(both()) == (1, 1, 1)
    assert len(calls) == 1
    assert column(tracker) == ["", tracker.track_id, tracker.track_id]


def test_generators_are_tracked_and_a_warning_says_that_they_are_not_cached(tracker, counter):
    calls = counter.calls

    with pytest.warns(XetrackWarning, match="items is a generator, so its calls are tracked but never cached"):

        @tracker.wrap
        def items(x):
            calls.append(x)
            yield x

    async def more(x):
        calls.append(x)
        yield x

    assert list(items(1)) == list(items(1)) == [1]
    with pytest.warns(XetrackWarning, match="more is a generator"):
        stream = tracker.track(more, 1)

    async def collect():
        return [each async for each in stream]

    assert asyncio.run(collect()) == [1]
    assert len(calls) == 3
    assert "cache" not in tracker.to_df()


# Trackers come and go


def test_a_pickled_tracker_has_the_same_cache(tracker, counter, tmp_path, monkeypatch):
    tracker.track(make_array, 3)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    with pickle.loads(pickle.dumps(tracker)) as twin:  # noqa: S301 - our own
        twin.track(make_array, 3)

    assert column(tracker) == ["", tracker.track_id]


def test_a_closed_tracker_refuses_calls(tracker):
    tracker.track(make_array, 3)
    tracker.close()

    with pytest.raises(ClosedError):
        tracker.track(make_array, 3)


def test_two_trackers_share_a_cache(tracker, counter):
    function = counter.function(1)
    with Tracker("other.db", cache="cache") as other:
        tracker.track(function, 1)
        other.track(function, 1)
        assert column(other) == [tracker.track_id]


def test_a_tracker_in_memory_can_have_a_cache(counter):
    function = counter.function(1)
    for _ in range(2):
        with Tracker(Tracker.IN_MEMORY, cache="cache") as tracker:
            tracker.track(function, 1)
    with Tracker(Tracker.SKIP_INSERT, cache="cache") as tracker:
        tracker.track(function, 1)
    assert len(counter.calls) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"cache_version": "v1"},
        {"cache": "c", "cache_version": ""},
        {"cache": "c", "cache_version": 1},
        {"cache": "c", "cache_args": "all"},
        {"cache": "c", "cache_size_limit": 0},
        {"cache": "c", "cache_size_limit": "1 GB"},
    ],
    ids=repr,
)
def test_options_that_cannot_be_meant_are_refused(options):
    with pytest.raises(OptionError):
        Tracker("track.db", **options)


def test_no_plugin_no_cache(monkeypatch):
    monkeypatch.setattr("xetrack._plugins.registry.installed", tuple)

    for option in ("cache", "cache_version", "cache_args", "cache_size_limit"):
        with pytest.raises(PluginNotInstalledError, match="pip install xetrack-cache"):
            Tracker("track.db", **{option: "x"})
    with pytest.raises(PluginNotInstalledError, match="pip install xetrack-cache"):
        Reader.scan_cache("cache")
