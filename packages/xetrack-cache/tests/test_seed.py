"""The section "Function Result Caching" of the documentation that people know, line by line."""

import contextlib
import io
import textwrap

import pytest

from xetrack import Reader, XetrackWarning


def test_all_of_it_works(tmp_path):
    from xetrack import Tracker

    tracker = Tracker(db="track.db", cache="cache_dir")

    def expensive_computation(x: int, y: int) -> int:
        """Simulate expensive computation"""
        return x**y

    result1 = tracker.track(expensive_computation, args=[2, 10])
    result2 = tracker.track(expensive_computation, args=[2, 10])
    result3 = tracker.track(expensive_computation, args=[3, 10])
    result4 = tracker.track(expensive_computation, args=[2, 10], params={"model": "v2"})
    result5 = tracker.track(expensive_computation, args=[2, 10], params={"model": "v2"})
    assert (result1, result2, result3, result4, result5) == (1024, 1024, 59049, 1024, 1024)

    df = Reader(db="track.db").to_df()
    assert list(df[["function_name", "function_time", "cache", "track_id"]]["cache"]) == [
        "",
        tracker.track_id,
        "",
        "",
        tracker.track_id,
    ]
    assert (df["function_time"][df["cache"] != ""] < 0.0005).all()

    cache_key = tracker._generate_cache_key(expensive_computation, [2, 10], {}, {})
    assert cache_key is not None
    cached_data = Reader.read_cache("cache_dir", cache_key)
    assert cached_data == {"result": 1024, "cache": tracker.track_id}
    scanned = dict(Reader.scan_cache("cache_dir"))
    assert scanned[cache_key] == cached_data
    assert sorted(each["result"] for each in scanned.values()) == [1024, 1024, 59049]
    with pytest.warns(XetrackWarning, match="list"):
        assert tracker._generate_cache_key(expensive_computation, [[2], 10], {}, {}) is None

    # lineage: another run says where its result came from
    with Tracker(db="track.db", cache="cache_dir") as second:
        assert second.track(expensive_computation, args=[2, 10]) == 1024
    assert Reader(db="track.db").to_df(second.track_id)["cache"].tolist() == [tracker.track_id]


OBJECTS = """
    import sys
    from xetrack import Tracker

    tracker = Tracker(db="track.db", cache="cache_dir")
    calls = 0

    def process(config):
        global calls
        calls += 1
        return "done"

    class Config:
        def __init__(self, value):
            self.value = value
        def __hash__(self):
            return hash(self.value)
        def __eq__(self, other):
            return isinstance(other, Config) and self.value == other.value

    class HashableList:
        def __init__(self, items):
            self.items = tuple(items)  # Use tuple for hashability
        def __hash__(self):
            return hash(self.items)
        def __eq__(self, other):
            return isinstance(other, HashableList) and self.items == other.items

    config1 = Config("production")
    config2 = Config("production")
    tracker.track(process, args=[config1])
    tracker.track(process, args=[config2])
    tracker.track(process, args=[HashableList([1, 2, 3])])
    tracker.track(process, args=[HashableList([1, 2, 3])])
    print(calls)
"""


def test_equal_objects_hit_in_this_process():
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(textwrap.dedent(OBJECTS), "objects.py", "exec"), {"__name__": "objects"})  # noqa: S102 - ours
    assert out.getvalue() == "2\n"


def test_equal_objects_hit_in_other_processes_with_other_hash_seeds(python):
    assert python(OBJECTS, PYTHONHASHSEED="1") == "2"
    assert python(OBJECTS, PYTHONHASHSEED="2") == "0"
    assert python(OBJECTS, PYTHONHASHSEED="random") == "0"


def test_unhashable_arguments_skip_caching_with_one_warning_a_type(tmp_path):
    from xetrack import Tracker

    tracker = Tracker(db="track.db", cache="cache_dir")
    calls = []

    def process(items):
        calls.append(items)
        return len(items)

    with pytest.warns(XetrackWarning, match="type list are not cached: it is unhashable") as caught:
        assert tracker.track(process, args=[[1, 2, 3]]) == 3
    assert tracker.track(process, args=[[1, 2, 3]]) == 3  # warned of once
    assert caught[0].filename == __file__
    with pytest.warns(XetrackWarning, match="type dict"):
        tracker.track(process, args=[{"a": 1}])
    assert len(calls) == 3
    df = tracker.to_df()
    assert "cache" not in df
    assert df["function_result"].tolist() == [3, 3, 1]
    assert list(Reader.scan_cache("cache_dir")) == []


def test_exceptions_are_not_cached():
    from xetrack import Tracker

    tracker = Tracker(db="track.db", cache="cache_dir", raise_on_error=False)
    calls = []

    def fails(x):
        calls.append(x)
        raise ValueError(x)

    assert tracker.track(fails, args=[1]) is None
    assert tracker.track(fails, args=[1]) is None
    assert len(calls) == 2
    assert tracker.to_df()["cache"].tolist() == ["", ""]
    assert tracker.to_df()["error"].tolist() == ["ValueError: 1"] * 2
