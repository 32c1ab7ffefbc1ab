"""Results of tracked functions, in a folder: `Tracker("database.db", template_name="results")`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from xetrack import Provider, hookimpl
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


@hookimpl
def xetrack_caches() -> Sequence[Provider[ResultCache]]:
    """Register the cache."""
    return [Provider("template_name", open_cache, Options)]
