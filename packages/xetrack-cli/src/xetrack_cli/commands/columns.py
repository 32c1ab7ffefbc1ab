"""`xt columns`: the columns and their types."""

from xetrack_cli.output.terminal import show
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import open_reader
from xetrack_cli.parsing.options import Csv, Db, Engine, Json, Markdown, Table, style_of

__all__ = ["columns"]


def columns(
    words: Db = None,
    *,
    table: Table = None,
    engine: Engine = "sqlite",
    as_json: Json = False,
    as_csv: Csv = False,
    as_markdown: Markdown = False,
) -> None:
    """List the columns and their types."""
    style = style_of(json=as_json, csv=as_csv, markdown=as_markdown)
    (db,) = arguments(words)
    with open_reader(db, table, engine) as reader:
        types = reader.engine.columns(reader.table)
        show([{"column": name, "type": kind or "ANY"} for name, kind in types.items()], ["column", "type"], style)
