"""Rows in a Markdown table: `Tracker(db, markdown="results.md", markdown_columns=["epoch", "loss"])`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from xetrack import Provider, hookimpl
from xetrack.plugin import Context, Sink

__all__ = ["Options", "xetrack_api", "xetrack_sinks"]

xetrack_api = 1


@dataclass(frozen=True)
class Options:
    """The options that this plugin adds to `Tracker`: the path of the file and the columns of the table."""

    markdown: str | os.PathLike[str] | None = None
    markdown_columns: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Raise `ValueError` for options that do not go together."""
        if self.markdown is None:
            raise ValueError("markdown_columns= needs markdown=, the path of the file")
        if isinstance(self.markdown_columns, str) or not self.markdown_columns:
            raise ValueError('markdown= needs markdown_columns=, a list such as ["epoch", "loss"]')


def open_sink(options: Options, _: Context) -> Sink:
    """Open the sink, for each tracker with one of the options."""
    from xetrack_markdown.table import MarkdownTable

    return MarkdownTable(options.markdown or "", options.markdown_columns)


@hookimpl
def xetrack_sinks() -> Sequence[Provider[Sink]]:
    """Register the sink."""
    return [Provider("markdown", open_sink, Options)]
