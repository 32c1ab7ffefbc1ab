"""Rows in an SQL database of their own: `Tracker("rows.db", engine="template_name")`."""

from collections.abc import Sequence
from dataclasses import dataclass

from xetrack import Provider, hookimpl
from xetrack.plugin import Context, Engine

__all__ = ["Options", "xetrack_api", "xetrack_engines"]

xetrack_api = 1


@dataclass(frozen=True)
class Options:
    """Options of trackers and readers with this engine.

    Attributes:
        template_name_timeout: seconds to wait for a lock before raising `DatabaseLockedError`.
    """

    template_name_timeout: float = 60.0


def open_engine(options: Options, context: Context) -> Engine:
    """Open the engine, for each tracker and reader that selects it."""
    from .engine import SqlEngine

    return SqlEngine(context.db, options.template_name_timeout, read_only=context.read_only)


@hookimpl
def xetrack_engines() -> Sequence[Provider[Engine]]:
    """Register the engine. `engine=` selects it by this name."""
    return [Provider("template_name", open_engine, Options)]
