"""The conformance tests, and tests of what this cache adds."""

from pathlib import Path
from typing import Any

import pytest
from xetrack import Tracker
from xetrack.errors import UntrustedError, XetrackWarning
from xetrack.plugin import Context
from xetrack_testing import CacheContract, PackagingContract

from xetrack_cli.templates.cache.results import FolderCache

calls: list[Any] = []


class TestContract(CacheContract):
    """The conformance tests for caches."""

    durable = True
    shared = True
    alone = True

    def open(self, place: Path, context: Context) -> FolderCache:
        """Open a cache in a folder."""
        return FolderCache(place / "results", context)

    def damage(self, place: Path, key: str) -> None:
        """Change the bytes of an entry."""
        (place / "results" / f"{key}.pickle").write_bytes(b"something else")


class TestPackaging(PackagingContract):
    """The conformance tests for distributions."""

    distribution = "template-distribution"


@pytest.fixture(autouse=True)
def no_calls() -> None:
    """Start each test from zero."""
    calls.clear()


@pytest.fixture
def cache(tmp_path: Path) -> FolderCache:
    """A cache in an empty folder."""
    return FolderCache(tmp_path / "results", Context(":memory:"))


def square(number: Any, power: int = 2) -> Any:
    """A call that is worth caching."""
    calls.append(number)
    return number**power


def test_a_call_is_computed_once(tmp_path: Path) -> None:
    """By all trackers of a folder; the row names the run that computed it."""
    with Tracker(tmp_path / "t.db", template_name=tmp_path / "results") as first:
        assert [first.track(square, 3) for _ in range(2)] == [9, 9]
    with Tracker(tmp_path / "t.db", template_name=tmp_path / "results") as second:
        assert second.track(square, 3) == 9
        assert second.latest["cache"] == first.track_id
    assert calls == [3]


def test_what_has_no_key_is_computed_each_time(tmp_path: Path) -> None:
    """With one warning."""

    class Number(int):
        pass

    with Tracker(tmp_path / "t.db", template_name=tmp_path / "results") as tracker:
        with pytest.warns(XetrackWarning, match="Number is not a supported type") as warned:
            assert [tracker.track(square, Number(2)) for _ in range(2)] == [4, 4]
        assert len(warned) == 1
        with pytest.warns(XetrackWarning, match="variables around it"):
            tracker.track(lambda: tracker.track_id)
    assert len(calls) == 2


def test_two_functions_are_told_apart(cache: FolderCache) -> None:
    """By their code, not their names."""
    functions = [lambda: 1, lambda: 1.0, lambda: True, lambda: (1,), lambda: [1]]
    keys = {cache.key(each, (), {}, {}) for each in functions}
    assert len(keys - {None}) == len(functions)


def test_a_damaged_entry_is_none(cache: FolderCache, tmp_path: Path) -> None:
    """And is computed again."""
    cache.set("key", 1, "run")
    assert cache.get("key") == {"result": 1, "cache": "run"}
    for damaged in (b"", b"\x80garbage", b"N."):
        (tmp_path / "results" / "key.pickle").write_bytes(damaged)
        assert cache.get("key") is None
        assert list(cache.scan()) == []


def test_strangers_are_not_unpickled(tmp_path: Path) -> None:
    """Without trust there is no cache."""
    with pytest.raises(UntrustedError):
        FolderCache(tmp_path, Context(":memory:", trusted=False))
