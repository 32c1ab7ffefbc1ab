"""Cache results of functions on disk, with diskcache: `Tracker(db, cache="folder")`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xetrack.plugin import Context, Provider, ResultCache, hookimpl
from xetrack_cache.options import CacheOptions

__all__ = ["CacheOptions", "xetrack_api", "xetrack_caches", "xetrack_commands"]

xetrack_api = 1


def _open(options: CacheOptions, context: Context) -> ResultCache:
    from xetrack_cache.disk import DiskResults

    return DiskResults(options, context)


def _read(path: Path, *, trusted: bool) -> Any:
    from xetrack_cache.reader import Entries

    return Entries(path, trusted=trusted)


@hookimpl
def xetrack_caches() -> Sequence[Provider[ResultCache]]:
    """Return the cache over diskcache."""
    return [Provider("diskcache", _open, CacheOptions, _read, schemes=())]


def _open_commands(_: object, context: Context) -> Any:
    """Manage cached results: ls, delete, stats."""
    from xetrack_cache.commands import commands

    return commands(context)


@hookimpl
def xetrack_commands() -> Sequence[Provider[Any]]:
    """Return `xt cache`, which needs xetrack-cli."""
    return [Provider("cache", _open_commands)]
