"""Garbage collector statistics of tracked calls: `Tracker("database.db", template_name=True)`."""

from collections.abc import Sequence
from dataclasses import dataclass

from xetrack import Provider, hookimpl
from xetrack.plugin import Context, Monitor

__all__ = ["Options", "xetrack_api", "xetrack_monitors"]

xetrack_api = 1


@dataclass(frozen=True)
class Options:
    """Options of `Tracker`: `template_name` turns the monitor on."""

    template_name: bool = False


def open_monitor(options: Options, _: Context) -> Monitor | None:
    """Open the monitor, for each measured call. None if the options leave nothing to measure."""
    if not options.template_name:
        return None
    from .collector import Collections

    return Collections()


@hookimpl
def xetrack_monitors() -> Sequence[Provider[Monitor]]:
    """Register what this plugin provides."""
    return [Provider("template_name", open_monitor, Options)]
