"""Every logged value, as a line of a CSV file: `Tracker("database.db", template_name="values.csv")`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from xetrack import Provider, hookimpl
from xetrack.plugin import Context, Sink

__all__ = ["Options", "xetrack_api", "xetrack_sinks"]

xetrack_api = 1


@dataclass(frozen=True)
class Options:
    """Options of `Tracker`: `template_name` is the path of the file."""

    template_name: str | os.PathLike[str]


def open_sink(options: Options, _: Context) -> Sink:
    """Open it, for each tracker that is given one of the options."""
    from .csvfile import CsvSink

    return CsvSink(options.template_name)


@hookimpl
def xetrack_sinks() -> Sequence[Provider[Sink]]:
    """Register what this plugin provides."""
    return [Provider("template_name", open_sink, Options)]
