"""Each call has a key: equal for calls with the same result, different for all others."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from xetrack.plugin import ResultCache
from xetrack_testing.cache.fixtures import CacheFixtures, Opener
from xetrack_testing.cache.functions import add, double, hello, twice
from xetrack_testing.remote_call import remote_call

__all__ = ["CALLS", "KeysContract"]


class Call(NamedTuple):
    """The arguments of `key`."""

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
"""Arguments that are easily confused by an encoding, a hash or a comparison."""

CALLS: tuple[Call, ...] = (
    *(Call(args=args) for args in _ARGUMENTS),
    Call(args=(1,), kwargs={"b": 3}),
    Call(kwargs={"a": 7}),
    Call(kwargs={"a": 7.0}),
    Call(kwargs={"b": 7}),
    Call(args=("a", 1)),
    Call(args=(1,), params={"lr": 1}),
    Call(args=(1,), params={"lr": True}),
    Call(args=(1,), params={"rl": 1}),
    Call(args=(1,), depends_on=(double,)),
    Call(args=(1,), depends_on=(twice,)),
    Call(args=(1,), depends_on=("v2",)),
    Call(function=hello, args=(1,)),
    Call(function=double, args=(1,)),
    Call(function=twice, args=(1,)),
)
"""Calls that must all have different keys."""


class KeysContract(CacheFixtures):
    """`key`."""

    def test_it_has_the_methods_of_a_cache(self, cache: ResultCache) -> None:
        """`isinstance` accepts it."""
        assert isinstance(cache, ResultCache)

    def test_calls_whose_results_may_differ_have_different_keys(self, cache: ResultCache) -> None:
        """Function, arguments, params and `depends_on` all count, and 1, 1.0 and True differ.

        A call may have no key, with a warning, unless its arguments are numbers or text.
        """
        found: dict[str, Call] = {}
        for call in CALLS:
            key = cache.key(*call)
            if key is None:
                assert self.warned, f"{call} has no key, and there was no warning"
                continue
            assert key not in found, f"{call} and {found[key]} have the same key"
            found[key] = call
        assert None not in [cache.key(add, (value,), {}, {}) for value in (1, 1.5, "text")]

    def test_the_same_call_has_the_same_key(self, cache: ResultCache, opener: Opener) -> None:
        """Every time, in every cache, and for equal values that are distinct objects."""
        other = opener()
        assert keys_of(cache) == keys_of(cache) == keys_of(other)
        for text in ("a", "b" * 100):
            made = "".join(list(text))
            assert cache.key(add, [(text, 1)], {}, {}) == cache.key(add, ((made, 1),), {}, {})

    def test_another_process_makes_the_same_keys(self, cache: ResultCache, tmp_path: Path) -> None:
        """With a different hash seed."""
        assert remote_call(self.keys_in, str(tmp_path)) == keys_of(cache)

    def keys_in(self, place: str) -> list[str | None]:
        """Runs in another process."""
        with self.opened(place) as cache:
            return keys_of(cache)

    def test_objects_of_unknown_equality_share_no_key(self, cache: ResultCache) -> None:
        """Or no key at all, with a warning that the call is not cached."""
        for one, other in ((object(), object()), (threading.Lock(), threading.Lock()), (lambda: 1, lambda: 2)):
            keys = [cache.key(add, (each,), {}, {}) for each in (one, other)]
            assert keys == [None, None] or keys[0] != keys[1]
            assert self.warned or None not in keys


def keys_of(cache: ResultCache) -> list[str | None]:
    return [cache.key(*call) for call in CALLS]
