"""Calls with a cache of results of a plugin, and what happens when that fails."""

import asyncio
import time
from contextlib import nullcontext
from dataclasses import dataclass

import pytest

from xetrack import Provider, Tracker, XetrackWarning, hookimpl
from xetrack.errors import OptionError


@dataclass
class Options:
    shelf: str


class Free(nullcontext):
    """A claim that nobody else has."""

    waited = 0

    def wait(self):
        Free.waited += 1

    def poll(self):
        return True


class Shelf:
    """A cache in a dict, for functions of numbers, that can be told to fail."""

    def __init__(self):
        self.entries = {}
        self.asked = []
        self.failing = None
        self.closed = False

    @hookimpl
    def xetrack_caches(self):
        return [Provider("shelf", lambda options, context: self)]

    def _reached(self, method):
        if method == self.failing:
            message = f"no {method} today"
            raise RuntimeError(message)

    def key(self, function, args, kwargs, params, depends_on=()):
        self._reached("key")
        self.asked.append((function.__name__, args, kwargs, params, depends_on))
        return None if "skip" in args else repr((args, kwargs, params, depends_on))

    def get(self, key):
        self._reached("get")
        return self.entries.get(key)

    def set(self, key, result, track_id):
        self._reached("set")
        self.entries[key] = {"result": result, "cache": track_id}

    def claim(self, key):
        self._reached("claim")
        return Free()

    def delete_run(self, track_id):
        return 0

    def scan(self):
        return self.entries.items()

    def close(self):
        self._reached("close")
        self.closed = True


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def tracker(tmp_path, shelf):
    with Tracker(tmp_path / "track.db", params={"model": "a"}, plugins=[shelf]) as opened:
        yield opened


@pytest.fixture
def calls():
    return []


@pytest.fixture
def double(calls):
    def doubled(x):
        calls.append(x)
        return 2 * x

    return doubled


def test_a_call_made_before_is_not_made_again(tracker, double, calls):
    assert [tracker.track(double, 1), tracker.track(double, 1)] == [2, 2]
    assert calls == [1]
    assert tracker.to_df()["cache"].tolist() == ["", tracker.track_id]


def test_the_cache_is_told_what_makes_a_call(tracker, shelf, double):
    tracker.track(double, args=[1], kwargs={}, params={"model": "b", "n": 1}, depends_on=["other"])
    tracker.wrap(double)(x=2)
    tracker._generate_cache_key(double, [3], {}, {})

    assert shelf.asked == [
        ("doubled", [1], {}, {"model": "b", "n": 1}, ["other"]),
        ("doubled", (), {"x": 2}, {"model": "a"}, ()),
        ("doubled", [3], {}, {"model": "a"}, ()),
    ]


def test_a_call_without_a_key_is_as_if_there_were_no_cache(tracker, double, calls):
    assert tracker.track(double, "skip") == "skipskip"
    assert "cache" not in tracker.to_df()


def test_whoever_computes_looks_again_after_waiting(tracker, shelf, double, calls, monkeypatch):
    def meanwhile(self):
        shelf.entries["[1]"] = shelf.entries[shelf.wanted] = {"result": 5, "cache": "another-run"}

    shelf.wanted = repr(([1], {}, {"model": "a"}, ()))
    monkeypatch.setattr(Free, "wait", meanwhile)

    assert tracker.track(double, args=[1]) == 5
    assert calls == []
    assert tracker.latest["cache"] == "another-run"


def test_force_computes_and_keeps(tracker, shelf, double, calls):
    tracker.track(double, 1)
    tracker.track(double, 1, cache_force=True)

    assert calls == [1, 1]
    assert tracker.to_df()["cache"].tolist() == ["", ""]


def test_what_fails_is_not_kept(tmp_path, shelf, calls):
    def fails(x):
        calls.append(x)
        raise ValueError(x)

    with Tracker(tmp_path / "a.db", plugins=[shelf], raise_on_error=False) as tracker:
        assert tracker.track(fails, 1) is tracker.track(fails, 1) is None
    with Tracker(tmp_path / "a.db", plugins=[shelf]) as tracker, pytest.raises(ValueError, match="1"):
        tracker.track(fails, 1)
    assert calls == [1, 1, 1]
    assert shelf.entries == {}


def test_async_functions_are_cached(tracker, calls):
    async def double(x):
        calls.append(x)
        return 2 * x

    async def twice():
        return [await tracker.track(double, 1), await tracker.track(double, 1)]

    assert asyncio.run(twice()) == [2, 2]
    assert calls == [1]


@pytest.mark.parametrize("method", ["key", "get", "set", "claim"])
def test_a_cache_that_fails_costs_no_call_and_is_warned_of_once(tracker, shelf, double, calls, method):
    shelf.failing = method

    with pytest.warns(XetrackWarning, match=f"no {method} today") as caught:
        assert tracker.track(double, 1) == 2
    assert len(caught) == 1
    tracker.track(double, 2)
    assert calls == [1, 2]
    assert tracker.to_df()["function_result"].tolist() == [2, 4]


@pytest.mark.parametrize("entry", [5, {}, {"result": 1}])
def test_an_entry_that_is_none_is_computed(tracker, shelf, double, calls, entry):
    shelf.entries[repr(((1,), {}, {"model": "a"}, ()))] = entry

    with pytest.warns(XetrackWarning, match="the result cache failed"):
        assert tracker.track(double, 1) == 2


def test_a_failing_claim_is_let_go(tracker, shelf, double, calls, monkeypatch):
    for method in ("wait", "__exit__"):
        monkeypatch.setattr(Free, method, lambda *_: 1 / 0)
    with pytest.warns(XetrackWarning, match="ZeroDivisionError") as caught:
        assert tracker.track(double, 1) == 2
    assert len(caught) == 1


def test_it_is_closed_with_the_tracker(tracker, shelf, double):
    tracker.close()

    assert shelf.closed
    assert tracker.cache is None


def test_closing_that_fails_is_warned_of_and_the_database_is_closed(tmp_path, shelf):
    tracker = Tracker(tmp_path / "a.db", plugins=[shelf])
    tracker.log({"x": 1})
    shelf.failing = "close"

    with pytest.warns(XetrackWarning, match="no close today"):
        tracker.close()
    assert not (tmp_path / "a.db-wal").exists()


def test_two_caches_are_one_too_many(tmp_path):
    class Other(Shelf):
        @hookimpl
        def xetrack_caches(self):
            return [Provider("other", lambda options, context: self)]

    with pytest.raises(OptionError, match=r"cannot use several caches \(shelf, other\)"):
        Tracker(tmp_path / "a.db", plugins=[Shelf(), Other()])


def test_a_cache_may_have_nothing_to_do(tmp_path, double):
    class Nothing:
        @hookimpl
        def xetrack_caches(self):
            return [Provider("nothing", lambda options, context: None, Options)]

    with Tracker(tmp_path / "a.db", shelf="x", plugins=[Nothing]) as tracker:
        tracker.track(double, 1)
        assert "cache" not in tracker.to_df()


def test_a_hit_takes_no_time(tracker):
    def slow():
        time.sleep(0.05)

    tracker.track(slow)
    tracker.track(slow)

    first, second = tracker.to_df()["function_time"]
    assert first >= 0.05 > second


def test_a_context_can_warn():
    from xetrack.plugin import Context

    with pytest.warns(XetrackWarning, match="careful"):
        Context("a.db").warn("about", "careful")
