"""`xt columns`: the columns and their types."""

from xetrack_cli.output.terminal import show
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import open_reader
from xetrack_cli.parsing.options import Db, Engine, Format, Table

__all__ = ["columns"]


def columns(words: Db = None, *, table: Table = None, engine: Engine = None, style: Format = "") -> None:
    """List the columns and their types."""
    (db,) = arguments(words)
    with open_reader(db, table, engine) as reader:
        types = reader.engine.columns(reader.table)
    show([{"column": name, "type": kind or "ANY"} for name, kind in types.items()], ["column", "type"], style)
