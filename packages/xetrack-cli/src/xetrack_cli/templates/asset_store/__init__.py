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
    """The options of `Tracker` that this plugin claims: `template_name` is the path of the folder."""

    template_name: str | os.PathLike[str] | None = None


def open_store(options: Options | None, context: Context) -> AssetStore | None:
    """Called with the first object that a tracker keeps. None, so that others may serve, where no folder was given."""
    if options is None or options.template_name is None:
        return None
    from .store import FolderStore

    return FolderStore(options.template_name, context)


@hookimpl
def xetrack_asset_stores() -> Sequence[Provider[AssetStore]]:
    """What this plugin registers."""
    return [Provider("template_name", open_store, Options)]
