"""Garbage collector statistics of tracked calls: `Tracker("database.db", template_name=True)`."""

from collections.abc import Sequence
from dataclasses import dataclass

from xetrack import Provider, hookimpl
from xetrack.plugin import Context, Monitor

__all__ = ["Options", "xetrack_api", "xetrack_monitors"]

xetrack_api = 1


@dataclass(frozen=True)
class Options:
    """The options of `Tracker` that this plugin claims: `template_name` says whether to measure."""

    template_name: bool = False


def open_monitor(options: Options, _: Context) -> Monitor | None:
    """Called for each call that is measured. None: with these options there is nothing to do."""
    if not options.template_name:
        return None
    from .collector import Collections

    return Collections()


@hookimpl
def xetrack_monitors() -> Sequence[Provider[Monitor]]:
    """What this plugin registers."""
    return [Provider("template_name", open_monitor, Options)]
