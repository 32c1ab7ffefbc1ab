"""Store objects in rows: `tracker.log({"model": fitted})` stores the object once and logs its hash."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from xetrack import Provider, hookimpl
from xetrack.errors import OptionError
from xetrack.plugin import AssetStore, Context, Serializer, SqlTables, place, text

__all__ = ["AssetOptions", "xetrack_api", "xetrack_asset_stores", "xetrack_commands", "xetrack_serializers"]

xetrack_api = 1


@dataclass(frozen=True, slots=True)
class AssetOptions:
    """Options of `Tracker` and `Reader` for objects.

    Attributes:
        assets: Where the bytes go: a folder, or a URL that fsspec knows. By default, the database file.
        compress: Compress the bytes with zlib.
        serializer: Name of the serializer to try first.

    Raises:
        OptionError: `assets` is not a place, or `serializer` not a name.
    """

    assets: str | os.PathLike[str] | None = None
    compress: bool = False
    serializer: str | None = None

    def __post_init__(self) -> None:
        """Check the options."""
        if self.assets is not None:
            place("assets", self.assets)
        if self.serializer is not None:
            text("serializer", self.serializer)


def _open_store(options: AssetOptions | None, context: Context) -> AssetStore | None:
    from xetrack_assets.store import Store

    options = options or AssetOptions()
    sql: SqlTables | None = getattr(context.engine, "sql", None)
    if context.engine is not None and sql is not None and sql.dialect == "sqlite":
        return Store(context.engine, sql, options, context)
    if options != AssetOptions():
        raise OptionError(
            f"Objects need a SQLite database, and {context.db} is not one. Omit assets=, compress= and serializer=."
        )
    return None


def _open_pickles(_: object, context: Context) -> Serializer:
    from xetrack_assets.pickles import Pickles

    return Pickles(trusted=context.trusted)


def _open_arrays(_: object, __: Context) -> Serializer:
    from xetrack_assets.arrays import Arrays

    return Arrays()


def _open_frames(_: object, __: Context) -> Serializer:
    from xetrack_assets.frames import Frames

    return Frames()


def _open_commands(_: object, context: Context) -> Any:
    """Manage logged objects: ls, export, delete, gc."""
    from xetrack_assets.commands import commands

    return commands(context)


@hookimpl
def xetrack_asset_stores() -> Sequence[Provider[AssetStore]]:
    """Return the store "sqlitedict"."""
    return [Provider("sqlitedict", _open_store, AssetOptions)]


@hookimpl
def xetrack_serializers() -> Sequence[Provider[Serializer]]:
    """Return serializers for arrays, frames, and everything else. Their names are stored with the bytes."""
    return [
        Provider("npy", _open_arrays),
        Provider("arrow", _open_frames),
        Provider("cloudpickle", _open_pickles),
    ]


@hookimpl
def xetrack_commands() -> Sequence[Provider[Any]]:
    """Return `xt assets`, for xetrack-cli."""
    return [Provider("assets", _open_commands)]
