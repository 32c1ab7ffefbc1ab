"""Garbage collections in tracked calls: `Tracker("database.db", template_name=True)`."""

from collections.abc import Sequence
from dataclasses import dataclass

from xetrack import Provider, hookimpl
from xetrack.plugin import Context, Monitor

__all__ = ["Options", "xetrack_api", "xetrack_monitors"]

xetrack_api = 1


@dataclass(frozen=True)
class Options:
    """The options that this plugin adds to `Tracker`: `template_name` enables the monitor."""

    template_name: bool = False


def open_monitor(options: Options, _: Context) -> Monitor | None:
    """Open a monitor, for each measured call. Return None if it is disabled."""
    if not options.template_name:
        return None
    from .collector import Collections

    return Collections()


@hookimpl
def xetrack_monitors() -> Sequence[Provider[Monitor]]:
    """Register the monitor."""
    return [Provider("template_name", open_monitor, Options)]
