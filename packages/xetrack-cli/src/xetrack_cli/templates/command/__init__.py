"""The runs and rows of every table: `xt template_name database.db`."""

from collections.abc import Sequence
from typing import Any

from xetrack import Provider, hookimpl
from xetrack.plugin import Context

__all__ = ["xetrack_api", "xetrack_commands"]

xetrack_api = 1


def open_commands(_: Any, context: Context) -> Any:
    """Count the runs and rows of every table."""
    from .summary import commands

    return commands(context)


@hookimpl
def xetrack_commands() -> Sequence[Provider[Any]]:
    """Register the command. `xt --help` shows the first line of the docstring of `open_commands`."""
    return [Provider("template_name", open_commands)]
