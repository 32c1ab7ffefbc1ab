"""What every cache of results promises, as tests: one test a promise of `xetrack.plugin.ResultCache`."""
# ruff: noqa: PLR2004, S101 - a test asserts, compares with plain numbers, and raises inside of blocks

import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pytest

from xetrack.plugin import Context, ResultCache
from xetrack.tracker import Tracker
from xetrack_testing.cached import add, check, double, hello, twice
from xetrack_testing.contract import Contract, plugged
from xetrack_testing.elsewhere import answer, elsewhere, start

__all__ = ["CacheContract"]

Opener = Callable[[], ResultCache]


class _Call(NamedTuple):
    """What a key is made of."""

    function: Callable[..., Any] = add
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = {}
    params: Mapping[str, Any] = {}
    depends_on: tuple[Any, ...] = ()


_ARGUMENTS: tuple[tuple[Any, ...], ...] = (
    (), (1,), (1.0,), (True,), ("1",), (b"1",), (None,), ("None",), (0,), (False,), (0.0,), (-1,), (-2,), (2**61 - 1,),
    (2**64,), (1, 2), ((1, 2),), (2, 1), ("ab", "c"), ("a", "bc"), ("a, b",), (1, (2,)), ((1,), 2), ("",), ((),),
    (float("inf"),), (1j,), ("é",), ("e\u0301",),
)  # fmt: skip
"""Arguments that some encoding, hash or comparison takes for others."""

CALLS: tuple[_Call, ...] = (
    *(_Call(args=args) for args in _ARGUMENTS),
    _Call(args=(1,), kwargs={"b": 3}),
    _Call(kwargs={"a": 7}),
    _Call(kwargs={"a": 7.0}),
    _Call(kwargs={"b": 7}),
    _Call(args=("a", 1)),
    _Call(args=(1,), params={"lr": 1}),
    _Call(args=(1,), params={"lr": True}),
    _Call(args=(1,), params={"rl": 1}),
    _Call(args=(1,), depends_on=(double,)),
    _Call(args=(1,), depends_on=(twice,)),
    _Call(args=(1,), depends_on=("v2",)),
    _Call(function=hello, args=(1,)),
    _Call(function=double, args=(1,)),
    _Call(function=twice, args=(1,)),
)
"""Calls of which no two may share a result."""

RESULTS: tuple[Any, ...] = (None, False, 0, "", "text", b"\0", 1.5, [1, [2]], {"a": {"b": None}}, (1, 2), "x" * 300_000)


class CacheContract(Contract):
    """Subclass it as `Test...`, say how to open your cache, declare what it can, and run pytest.

    ```python
    class TestMyCache(CacheContract):
        durable = True

        def open(self, place: Path, context: Context) -> MyCache:
            return MyCache(place / "results", context)
    ```

    `open(place, context)` opens a cache that belongs to the folder `place`, which is new for each test; `context` is
    what a provider's `open` is given. What it can beyond the least is declared:

    * `durable`: one that is opened after `close()` finds what was there before.
    * `shared`: two that are opened on one place, in one process or several, see each other's entries.
    * `alone`: of all processes that claim a key of one place, one computes. Within a process it is always so.

    `patience` is how many seconds a thread may wait that should not wait at all.
    `damage(place, key)` changes the bytes of an entry while no cache is open; without it, the test of that is skipped.
    """

    durable: ClassVar[bool] = False
    shared: ClassVar[bool] = False
    alone: ClassVar[bool] = False
    patience: ClassVar[float] = 10

    @abstractmethod
    def open(self, place: Path, context: Context) -> ResultCache:
        """An open cache that belongs to the folder `place`."""

    def damage(self, place: Path, key: str) -> None:
        """Change the bytes of the entry under a key."""
        self.untold("damage")

    def context(self, place: Path) -> Context:
        """What a provider's `open` is given; warnings are kept in `self.warned`."""
        self.warned: list[str] = []
        return Context(str(place / "track.db"), track_id="run-1", warn=lambda _, message: self.warned.append(message))

    @pytest.fixture
    def opener(self, tmp_path: Path) -> Iterator[Opener]:
        """Opens caches on this test's place, and closes them after the test."""
        with ExitStack() as opened:
            yield lambda: opened.enter_context(closing(self.open(tmp_path, self.context(tmp_path))))

    @pytest.fixture
    def cache(self, opener: Opener) -> ResultCache:
        """An empty cache."""
        return opener()

    # Keys

    def test_it_has_the_methods_of_a_cache(self, cache: ResultCache) -> None:
        """The protocol can be checked at run time."""
        assert isinstance(cache, ResultCache)

    def test_calls_whose_results_may_differ_have_different_keys(self, cache: ResultCache) -> None:
        """1 is neither 1.0 nor True; functions, arguments, params and what else a result depends on count.

        A call may have no key, with a warning, but for those with numbers and text.
        """
        found: dict[str, _Call] = {}
        for call in CALLS:
            key = cache.key(*call)
            if key is None:
                assert self.warned, f"{call} has no key, and nothing says so"
                continue
            assert key not in found, f"one key for {call} and {found[key]}"
            found[key] = call
        assert None not in [cache.key(add, (value,), {}, {}) for value in (1, 1.5, "text")]

    def test_the_same_call_has_the_same_key(self, cache: ResultCache, opener: Opener) -> None:
        """Each time, for every cache, and for values that are made anew."""
        other = opener()
        assert _keys(cache) == _keys(cache) == _keys(other)
        for text in ("a", "b" * 100):
            made = "".join(list(text))
            assert cache.key(add, [(text, 1)], {}, {}) == cache.key(add, ((made, 1),), {}, {})

    def test_another_process_makes_the_same_keys(self, cache: ResultCache, tmp_path: Path) -> None:
        """One in which texts have another hash."""
        assert elsewhere(self.keys_in, str(tmp_path)) == _keys(cache)

    def keys_in(self, place: str) -> list[str | None]:
        """Runs in a process of its own."""
        with closing(self.open(Path(place), self.context(Path(place)))) as cache:
            return _keys(cache)

    def test_two_objects_that_nothing_says_are_equal_share_no_key(self, cache: ResultCache) -> None:
        """A call without a key is not cached, and a warning says so."""
        for one, other in ((object(), object()), (threading.Lock(), threading.Lock()), (lambda: 1, lambda: 2)):
            keys = [cache.key(add, (each,), {}, {}) for each in (one, other)]
            assert keys == [None, None] or keys[0] != keys[1]
            assert self.warned or None not in keys

    # Entries

    def test_a_missing_entry_is_none(self, cache: ResultCache) -> None:
        """And there is nothing to list or forget."""
        assert cache.get(_key(cache)) is None
        assert (list(cache.scan()), cache.delete_run("run-1")) == ([], 0)

    def test_a_result_comes_back_with_its_run(self, cache: ResultCache) -> None:
        """Of every kind; a None is a result, too."""
        for number, result in enumerate(RESULTS):
            cache.set(_key(cache, number), result, f"run-{number}")
        for number, result in enumerate(RESULTS):
            entry = cache.get(_key(cache, number))
            assert entry is not None, f"{result!r} is gone"
            assert (entry["cache"], entry["result"]) == (f"run-{number}", result)
            assert type(entry["result"]) is type(result)

    def test_a_later_result_takes_the_place_of_an_earlier_one(self, cache: ResultCache) -> None:
        """Its run, too."""
        key = _key(cache)
        cache.set(key, 1, "run-1")
        cache.set(key, 2, "run-2")
        assert _told(cache, key) == (2, "run-2")
        assert len(list(cache.scan())) == 1

    def test_a_kept_result_is_not_changed_from_outside(self, cache: ResultCache) -> None:
        """Neither by who computed it, nor by who got it: each gets one of their own."""
        key, result = _key(cache), [1]
        cache.set(key, result, "run-1")
        result.append(2)
        for _ in range(2):
            found = _told(cache, key)[0]
            assert found == [1]
            found.append(3)

    def test_what_cannot_be_kept_is_warned_of(self, cache: ResultCache) -> None:
        """And costs nothing else: a lock, a result that raises when it is looked at."""
        cache.set(_key(cache), threading.Lock(), "run-1")
        assert cache.get(_key(cache)) is None
        assert self.warned
        cache.set(_key(cache, 1), "kept", "run-1")
        assert _told(cache, _key(cache, 1)) == ("kept", "run-1")

    def test_a_damaged_entry_is_none(self, tmp_path: Path, opener: Opener) -> None:
        """It is computed again; others are as they were."""
        with closing(self.open(tmp_path, self.context(tmp_path))) as cache:
            keys = [_key(cache, number) for number in range(2)]
            for key in keys:
                cache.set(key, ["result"] * 100, "run-1")
        self.damage(tmp_path, keys[0])
        again = opener()
        assert (again.get(keys[0]), _told(again, keys[1])) == (None, (["result"] * 100, "run-1"))
        again.set(keys[0], "new", "run-2")
        assert _told(again, keys[0]) == ("new", "run-2")

    def test_what_a_run_computed_is_forgotten(self, cache: ResultCache) -> None:
        """Nothing else, and it says how many entries that were."""
        for number in range(5):
            cache.set(_key(cache, number), number, f"run-{number % 2}")
        assert cache.delete_run("run-0") == 3
        assert [cache.get(_key(cache, number)) is None for number in range(5)] == [True, False, True, False, True]
        assert (cache.delete_run("run-0"), cache.delete_run("run")) == (0, 0)

    def test_every_entry_is_listed_with_its_key(self, cache: ResultCache) -> None:
        """As `get` gives it."""
        wanted = {_key(cache, number): (number, "run-1") for number in range(5)}
        for key, (result, run) in wanted.items():
            cache.set(key, result, run)
        assert {key: (entry["result"], entry["cache"]) for key, entry in cache.scan()} == wanted

    def test_closing_twice_does_nothing(self, cache: ResultCache) -> None:
        """Nor does closing one that was never used."""
        cache.close()
        cache.close()

    def test_what_was_kept_is_there_after_reopening(self, opener: Opener) -> None:
        """If it is durable."""
        self.require("durable")
        first = opener()
        first.set(_key(first), [1], "run-1")
        first.close()
        assert _told(opener(), _key(first)) == ([1], "run-1")

    def test_two_caches_on_one_place_see_each_others_entries(self, opener: Opener, tmp_path: Path) -> None:
        """In one process and in another, if it is shared."""
        self.require("shared")
        one, two = opener(), opener()
        key = _key(one)
        one.set(key, 1, "run-1")
        assert _told(two, key) == (1, "run-1")
        two.set(key, 2, "run-2")
        assert _told(one, key) == (2, "run-2")
        assert elsewhere(self.entry_in, str(tmp_path), key) == [2, "run-2"]
        assert two.delete_run("run-2") == 1
        assert one.get(key) is None

    def entry_in(self, place: str, key: str) -> Any:
        """Runs in a process of its own."""
        with closing(self.open(Path(place), self.context(Path(place)))) as cache:
            return _told(cache, key)

    def test_threads_share_a_cache(self, cache: ResultCache) -> None:
        """No result is lost or taken for another."""

        def keep(thread: int) -> bool:
            for number in range(20):
                cache.set(_key(cache, thread, number), [thread, number], f"run-{thread}")
                cache.set(_key(cache, "all", number), number, f"run-{thread}")
            return all(
                _told(cache, _key(cache, thread, number)) == ([thread, number], f"run-{thread}")
                and _told(cache, _key(cache, "all", number))[0] == number
                for number in range(20)
            )

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(keep, range(4)))
        assert len(list(cache.scan())) == 100

    # Claims

    def test_of_threads_that_want_a_result_one_computes_it(self, cache: ResultCache) -> None:
        """The others wait, and get it."""
        computed: list[int] = []
        with ThreadPoolExecutor(4) as pool:
            results = [each.result() for each in [pool.submit(_computed, cache, computed) for _ in range(4)]]
        assert (results, len(computed)) == ([7] * 4, 1)

    def test_one_who_fails_lets_the_next_one_try(self, cache: ResultCache) -> None:
        """Whoever waited goes on, and nobody waits for ever."""
        key = _key(cache)
        inside, wanted = threading.Event(), threading.Event()

        def fail() -> None:
            with cache.claim(key) as claim:
                claim.wait()
                inside.set()
                wanted.wait()
                raise ZeroDivisionError

        def want() -> bool:
            with cache.claim(key) as claim:
                inside.wait()
                free: bool = claim.poll()
                wanted.set()
                claim.wait()
                return free

        with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:  # a thread each
            failing, wanting = one.submit(fail), other.submit(want)
            assert isinstance(failing.exception(60), ZeroDivisionError)
            assert wanting.result(60) is False
            assert other.submit(_computed, cache, []).result(60) == 7

    def test_to_poll_tells_whether_somebody_computes_it(self, cache: ResultCache) -> None:
        """Without waiting. True means that it is one's own now."""
        key = _key(cache)
        inside, go_on = threading.Event(), threading.Event()

        def compute() -> None:
            with cache.claim(key) as claim:
                claim.wait()
                inside.set()
                go_on.wait()

        with ThreadPoolExecutor(1) as pool:
            computing = pool.submit(compute)
            inside.wait()
            with cache.claim(key) as claim:
                answers = [claim.poll(), claim.poll()]
                go_on.set()
                computing.result(60)
                assert (answers, claim.poll(), claim.poll()) == ([False, False], True, True)
        with cache.claim(key) as claim:
            assert claim.poll() is True

    def test_different_keys_do_not_wait_for_each_other(self, cache: ResultCache) -> None:
        """One is computed while another one is."""
        with cache.claim(_key(cache, 1)) as claim, ThreadPoolExecutor(1) as pool:
            claim.wait()
            assert pool.submit(_computed, cache, [], 2).result(60) == 7

    def test_nobody_waits_for_themselves(self, cache: ResultCache) -> None:
        """A function that calls itself with the same arguments computes again, and so does a result that needs it."""
        key, done = _key(cache), []

        def compute() -> None:
            with cache.claim(key) as outer:
                outer.wait()
                with cache.claim(key) as inner:
                    inner.wait()
                    done.append(inner.poll())

        thread = threading.Thread(target=compute, daemon=True)
        thread.start()
        thread.join(self.patience)
        assert done == [True], "a claim within a claim of the same key waits for ever"

    def test_of_processes_that_want_a_result_one_computes_it(self, tmp_path: Path) -> None:
        """If it is declared `alone`."""
        self.require("alone")
        started = [start(self.compute_in, str(tmp_path)) for _ in range(3)]
        computed = [answer(process) for process in started]
        assert sorted(computed) == [0, 0, 1]

    def compute_in(self, place: str) -> int:
        """Runs in a process of its own: meets the others, then computes what is missing. How often it did."""
        folder = Path(place)
        (folder / f"here-{threading.get_native_id()}").touch()
        while len(list(folder.glob("here-*"))) < 3:
            time.sleep(0.005)
        computed: list[int] = []
        with closing(self.open(folder, self.context(folder))) as cache:
            if _computed(cache, computed, pause=0.1) != 7:
                raise AssertionError("it got another result")
        return len(computed)

    # With a tracker

    def test_a_tracker_does_not_call_what_it_called_before(self, tmp_path: Path) -> None:
        """A None is kept, an exception is not; the row says which run the result came from."""
        plugin = plugged("caches", lambda context: self.open(tmp_path, context))
        with Tracker(tmp_path / "track.db", plugins=[plugin], raise_on_error=False) as tracker:
            results = [tracker.track(double, 5) for _ in range(2)]
            results += [tracker.track(check, number) for number in (1, 1, 0, 0)]
            told = tracker.engine.read(tracker.table)["cache"]
        assert results == [10, 10, None, None, None, None]
        assert told == ["", tracker.track_id, "", tracker.track_id, "", ""]


def _key(cache: ResultCache, *arguments: object) -> str:
    key = cache.key(add, arguments, {}, {})
    assert key is not None
    return key


def _keys(cache: ResultCache) -> list[str | None]:
    return [cache.key(*call) for call in CALLS]


def _told(cache: ResultCache, key: str) -> tuple[Any, str]:
    entry = cache.get(key)
    assert entry is not None, "the entry is gone"
    return entry["result"], entry["cache"]


def _computed(cache: ResultCache, computed: list[int], number: int = 0, pause: float = 0.05) -> Any:
    """Get a result as a tracker does: from the cache, or computed under a claim."""
    key = _key(cache, number)
    with cache.claim(key) as claim:
        claim.wait()
        entry = cache.get(key)
        if entry is not None:
            return entry["result"]
        time.sleep(pause)  # a computation; the others come meanwhile
        computed.append(number)
        cache.set(key, 7, "run-1")
        return 7
