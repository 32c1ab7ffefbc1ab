"""Rows in a JSON Lines file: `Tracker("rows.jsonl", engine="template_name")`."""

from collections.abc import Sequence
from typing import Any

from xetrack import Provider, hookimpl
from xetrack.plugin import Context, Engine

__all__ = ["xetrack_api", "xetrack_engines"]

xetrack_api = 1


def open_engine(_: Any, context: Context) -> Engine:
    """Called for each tracker and reader that chooses this engine."""
    from .journal import JournalEngine

    return JournalEngine(context.db, read_only=context.read_only)


@hookimpl
def xetrack_engines() -> Sequence[Provider[Engine]]:
    """What this plugin registers. The name is what `engine=` chooses."""
    return [Provider("template_name", open_engine)]
