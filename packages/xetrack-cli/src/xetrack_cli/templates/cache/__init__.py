"""Results of tracked functions, in a folder: `Tracker("database.db", template_name="results")`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xetrack import Provider, hookimpl
from xetrack.errors import DatabaseNotFoundError
from xetrack.plugin import Context, ResultCache

__all__ = ["Options", "xetrack_api", "xetrack_caches"]

xetrack_api = 1


@dataclass(frozen=True)
class Options:
    """The options that this plugin adds to `Tracker`: `template_name` is the path of the folder."""

    template_name: str | os.PathLike[str]


def open_cache(options: Options, context: Context) -> ResultCache:
    """Open the cache, for each tracker with one of the options."""
    from .results import FolderCache

    return FolderCache(options.template_name, context)


def read_cache(place: Path, *, trusted: bool) -> ResultCache:
    """Open the cache of a folder for `Reader.read_cache(place, key, provider=NAME)` and `xt cache`."""
    from .results import FolderCache

    if not place.is_dir():
        raise DatabaseNotFoundError(f"{place} is not a cache folder. Check the path.")
    return FolderCache(place, Context(str(place), trusted=trusted))


@hookimpl
def xetrack_caches() -> Sequence[Provider[ResultCache]]:
    """Register the cache."""
    return [Provider("template_name", open_cache, Options, read_cache, schemes=())]
