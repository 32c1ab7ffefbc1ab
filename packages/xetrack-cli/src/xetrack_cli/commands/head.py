"""`xt head` and `xt tail`: the first and last rows."""

from xetrack_cli.output.terminal import show
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import chosen_columns, reading
from xetrack_cli.parsing.options import Columns, Csv, Db, Engine, Json, Markdown, Number, Table, TrackId, style_of

__all__ = ["head", "tail"]


def head(
    words: Db = None,
    *,
    n: Number = 5,
    columns: Columns = None,
    track_id: TrackId = None,
    table: Table = None,
    engine: Engine = "sqlite",
    as_json: Json = False,
    as_csv: Csv = False,
    as_markdown: Markdown = False,
) -> None:
    """Print the first rows."""
    style = style_of(json=as_json, csv=as_csv, markdown=as_markdown)
    (db,) = arguments(words)
    with reading(db, table, engine, track_id) as reader:
        show(reader.to_dicts(track_id, head=n), chosen_columns(reader, columns), style)


def tail(
    words: Db = None,
    *,
    n: Number = 5,
    columns: Columns = None,
    track_id: TrackId = None,
    table: Table = None,
    engine: Engine = "sqlite",
    as_json: Json = False,
    as_csv: Csv = False,
    as_markdown: Markdown = False,
) -> None:
    """Print the last rows."""
    style = style_of(json=as_json, csv=as_csv, markdown=as_markdown)
    (db,) = arguments(words)
    with reading(db, table, engine, track_id) as reader:
        show(reader.to_dicts(track_id, tail=n), chosen_columns(reader, columns), style)
