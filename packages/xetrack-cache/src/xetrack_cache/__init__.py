"""Cache results of functions on disk, with diskcache: `Tracker(db, cache="folder")`."""

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
    """Options for `Tracker` that xetrack-cache adds.

    Attributes:
        cache: folder of the cache, created if it does not exist. Must be on a local file system.
        cache_version: `"code"` computes a function again after its code was edited. `"none"` goes by its name only.
            Any other text replaces the code: change the text to compute everything again.
        cache_args: `"hashable"` does not cache calls with unhashable arguments (lists, dicts, arrays). `"content"`
            compares such arguments by their whole content.
        cache_size_limit: limit in bytes, above which the oldest entries are deleted. None keeps everything.
    """

    cache: str | os.PathLike[str]
    cache_version: str = "code"
    cache_args: str = "hashable"
    cache_size_limit: int | None = None

    def __post_init__(self) -> None:
        """Check the options. Raises `ValueError` or `TypeError`."""
        if not place("cache", self.cache):
            raise ValueError("cache= is empty. Pass the path of a folder.")
        if not isinstance(self.cache_version, str) or not self.cache_version:
            raise ValueError(f'cache_version={self.cache_version!r}: use "code", "none" or any other non-empty text.')
        if self.cache_args not in {"hashable", "content"}:
            raise ValueError(f'cache_args={self.cache_args!r}: use "hashable" or "content".')
        limit = self.cache_size_limit
        if limit is not None and integer("cache_size_limit", limit) < 1:
            raise ValueError(f"cache_size_limit={limit}: use a number of bytes above 0, or None for no limit.")


def _open(options: CacheOptions, context: Context) -> ResultCache:
    from xetrack_cache.disk import DiskResults

    return DiskResults(options, context)


def _read(path: Path, *, trusted: bool) -> Any:
    from xetrack_cache.reader import Entries

    return Entries(path, trusted=trusted)


@hookimpl
def xetrack_caches() -> Sequence[Provider[ResultCache]]:
    """Return the cache over diskcache."""
    return [Provider("diskcache", _open, CacheOptions, _read)]


def _open_commands(_: object, context: Context) -> Any:
    """List, delete and count cached results."""
    from xetrack_cache.commands import commands

    return commands(context)


@hookimpl
def xetrack_commands() -> Sequence[Provider[Any]]:
    """Return `xt cache`, which needs xetrack-cli."""
    return [Provider("cache", _open_commands)]
