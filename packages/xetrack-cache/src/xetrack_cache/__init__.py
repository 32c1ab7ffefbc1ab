"""Results of functions cached on disk, with diskcache: `Tracker(db, cache="folder")`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xetrack.arguments import integer, place
from xetrack.hookspecs import hookimpl
from xetrack.protocols import Context, Provider, ResultCache

__all__ = ["CacheOptions", "xetrack_api", "xetrack_caches", "xetrack_commands"]

xetrack_api = 1


@dataclass(frozen=True)
class CacheOptions:
    """The options of trackers that xetrack-cache claims.

    Attributes:
        cache: folder of the cache, made if it is not there. Not on a network file system.
        cache_version: `"code"`: a function that was edited is another function. `"none"`: only its name counts. Any
            other text counts in place of the code: change it to forget what was computed before.
        cache_args: `"hashable"`: a call with a list, a dict, an array or such is not cached. `"content"`: it is, by
            everything that is in there.
        cache_size_limit: bytes, above which the oldest entries go; None: nothing ever goes by itself.
    """

    cache: str | os.PathLike[str]
    cache_version: str = "code"
    cache_args: str = "hashable"
    cache_size_limit: int | None = None

    def __post_init__(self) -> None:
        """Raises ValueError or TypeError for what cannot be meant."""
        if not place("cache", self.cache):
            raise ValueError("cache= names a folder.")
        if not (_is_a(str, self.cache_version) and self.cache_version):
            raise ValueError('cache_version= is "code", "none" or a text of your own.')
        if self.cache_args not in {"hashable", "content"}:
            raise ValueError('cache_args= is "hashable" or "content".')
        limit = self.cache_size_limit
        if limit is not None and integer("cache_size_limit", limit) < 1:
            raise ValueError(f"cache_size_limit= is a number of bytes above 0, not {limit}.")


def _is_a(kind: type, value: object) -> bool:
    return isinstance(value, kind)


def _open(options: CacheOptions, context: Context) -> ResultCache:
    from xetrack_cache.disk import DiskResults

    return DiskResults(options, context)


def _read(path: Path, *, trusted: bool) -> Any:
    from xetrack_cache.reader import Entries

    return Entries(path, trusted=trusted)


@hookimpl
def xetrack_caches() -> Sequence[Provider[ResultCache]]:
    """The cache over diskcache."""
    return [Provider("diskcache", _open, CacheOptions, _read)]


def _open_commands(_: object, context: Context) -> Any:
    """Cached results: ls, delete, stats."""
    from xetrack_cache.commands import commands

    return commands(context)


@hookimpl
def xetrack_commands() -> Sequence[Provider[Any]]:
    """`xt cache`, where xetrack-cli is installed."""
    return [Provider("cache", _open_commands)]
