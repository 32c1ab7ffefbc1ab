"""Results of tracked functions, as files in a folder: `Tracker("database.db", template_name="results")`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from xetrack import Provider, hookimpl
from xetrack.plugin import Context, ResultCache

__all__ = ["Options", "xetrack_api", "xetrack_caches"]

xetrack_api = 1


@dataclass(frozen=True)
class Options:
    """Options of `Tracker`: `template_name` is the path of the folder."""

    template_name: str | os.PathLike[str]


def open_cache(options: Options, context: Context) -> ResultCache:
    """Open it, for each tracker that is given one of the options."""
    from .results import FolderCache

    return FolderCache(options.template_name, context)


@hookimpl
def xetrack_caches() -> Sequence[Provider[ResultCache]]:
    """Register what this plugin provides."""
    return [Provider("template_name", open_cache, Options)]
