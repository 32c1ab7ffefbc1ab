"""Logged objects, as files in a folder: `Tracker("database.db", template_name="objects")`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from xetrack import Provider, hookimpl
from xetrack.plugin import AssetStore, Context

__all__ = ["Options", "xetrack_api", "xetrack_asset_stores"]

xetrack_api = 1


@dataclass(frozen=True)
class Options:
    """Options of `Tracker`: `template_name` is the path of the folder."""

    template_name: str | os.PathLike[str] | None = None


def open_store(options: Options | None, context: Context) -> AssetStore | None:
    """Open the store, for the first object that a tracker stores. None without a folder, so other stores may serve."""
    if options is None or options.template_name is None:
        return None
    from .store import FolderStore

    return FolderStore(options.template_name, context)


@hookimpl
def xetrack_asset_stores() -> Sequence[Provider[AssetStore]]:
    """Register what this plugin provides."""
    return [Provider("template_name", open_store, Options)]
