"""The rows of a run in a Markdown table: `Tracker(db, markdown="results.md", markdown_columns=["epoch", "loss"])`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from xetrack import Provider, hookimpl
from xetrack.plugin import Context, Sink

__all__ = ["Options", "xetrack_api", "xetrack_sinks"]

xetrack_api = 1


@dataclass(frozen=True)
class Options:
    """The options of `Tracker` that this plugin claims: the path of the file, and the columns of its table."""

    markdown: str | os.PathLike[str] | None = None
    markdown_columns: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Raise `ValueError` for options that do not go together."""
        if self.markdown is None:
            raise ValueError("markdown_columns= are those of a table: say in which file, with markdown=")
        if isinstance(self.markdown_columns, str) or not self.markdown_columns:
            raise ValueError('markdown= needs the columns of the table, such as markdown_columns=["epoch", "loss"]')


def open_sink(options: Options, _: Context) -> Sink:
    """Called for each tracker to which one of the options was given."""
    from xetrack_markdown.table import MarkdownTable

    return MarkdownTable(options.markdown or "", options.markdown_columns)


@hookimpl
def xetrack_sinks() -> Sequence[Provider[Sink]]:
    """What this plugin registers."""
    return [Provider("markdown", open_sink, Options)]
