"""Rows in a JSON Lines file: `Tracker("rows.jsonl", engine="template_name")`."""

from collections.abc import Sequence
from typing import Any

from xetrack import Provider, hookimpl
from xetrack.plugin import Context, Engine

__all__ = ["xetrack_api", "xetrack_engines"]

xetrack_api = 1


def open_engine(_: Any, context: Context) -> Engine:
    """Open the engine, for each tracker and reader that chooses it."""
    from .journal import JournalEngine

    return JournalEngine(context.db, read_only=context.read_only)


@hookimpl
def xetrack_engines() -> Sequence[Provider[Engine]]:
    """Register the engine. Its name is the value of `engine=`."""
    return [Provider("template_name", open_engine)]
