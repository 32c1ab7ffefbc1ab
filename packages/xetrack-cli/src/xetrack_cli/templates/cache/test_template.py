"""Tests of the plugin: the contracts of xetrack, and what is specific to this cache."""

from pathlib import Path
from typing import Any

import pytest
from xetrack import Reader, Tracker
from xetrack.errors import DatabaseNotFoundError, UntrustedError, XetrackWarning
from xetrack.plugin import Context
from xetrack_testing import CacheContract, PackagingContract

from xetrack_cli.templates.cache.results import FolderCache

calls: list[Any] = []


class TestContract(CacheContract):
    """The contract of caches."""

    durable = True
    shared = True
    alone = True

    def open(self, place: Path, context: Context) -> FolderCache:
        """Open a cache in a folder."""
        return FolderCache(place / "results", context)

    def damage(self, place: Path, key: str) -> None:
        """Change the stored bytes of an entry."""
        (place / "results" / f"{key}.pickle").write_bytes(b"something else")


class TestPackaging(PackagingContract):
    """The contract of distributions."""

    distribution = "template-distribution"


@pytest.fixture(autouse=True)
def no_calls() -> None:
    """Reset the calls for each test."""
    calls.clear()


@pytest.fixture
def cache(tmp_path: Path) -> FolderCache:
    """Open a cache in an empty folder."""
    return FolderCache(tmp_path / "results", Context(":memory:"))


def square(number: Any, power: int = 2) -> Any:
    """Compute a power, and record the call."""
    calls.append(number)
    return number**power


def test_a_call_is_computed_once(tmp_path: Path) -> None:
    """By all trackers that share a folder. The row names the run that computed it."""
    with Tracker(tmp_path / "t.db", template_name=tmp_path / "results") as first:
        assert [first.track(square, 3) for _ in range(2)] == [9, 9]
    with Tracker(tmp_path / "t.db", template_name=tmp_path / "results") as second:
        assert second.track(square, 3) == 9
        assert second.latest["cache"] == first.track_id
    assert calls == [3]


def test_a_cache_is_read_back(tmp_path: Path) -> None:
    """By the name of the provider. Only a trusted one, because results are pickles."""
    folder, name = tmp_path / "results", "template_name"
    with Tracker(tmp_path / "t.db", template_name=folder) as tracker:
        tracker.track(square, 3)
    [(key, entry)] = Reader.scan_cache(folder, trusted=True, provider=name)
    assert entry == {"result": 9, "cache": tracker.track_id}
    assert Reader.read_cache(folder, key, provider=name) == entry
    with pytest.raises(UntrustedError):
        Reader.scan_cache(folder, provider=name)
    with pytest.raises(DatabaseNotFoundError):
        Reader.read_cache(tmp_path / "elsewhere", key, provider=name)


def test_a_call_without_a_key_is_computed_each_time(tmp_path: Path) -> None:
    """There is one warning."""

    class Number(int):
        pass

    with Tracker(tmp_path / "t.db", template_name=tmp_path / "results") as tracker:
        with pytest.warns(XetrackWarning, match="Number are not supported") as warned:
            assert [tracker.track(square, Number(2)) for _ in range(2)] == [4, 4]
        assert len(warned) == 1
        with pytest.warns(XetrackWarning, match="is a closure"):
            tracker.track(lambda: tracker.track_id)
    assert len(calls) == 2


def test_different_functions_have_different_keys(cache: FolderCache) -> None:
    """Their code differs, though not their names."""
    functions = [lambda: 1, lambda: 1.0, lambda: True, lambda: (1,), lambda: [1]]
    keys = {cache.key(each, (), {}, {}) for each in functions}
    assert len(keys - {None}) == len(functions)


def test_a_damaged_entry_is_none(cache: FolderCache, tmp_path: Path) -> None:
    """It is computed again."""
    cache.set("key", 1, "run")
    assert cache.get("key") == {"result": 1, "cache": "run"}
    for damaged in (b"", b"\x80garbage", b"N."):
        (tmp_path / "results" / "key.pickle").write_bytes(damaged)
        assert cache.get("key") is None
        assert list(cache.scan()) == []


def test_an_untrusted_cache_is_refused(tmp_path: Path) -> None:
    """Nothing is unpickled."""
    with pytest.raises(UntrustedError):
        FolderCache(tmp_path, Context(":memory:", trusted=False))
