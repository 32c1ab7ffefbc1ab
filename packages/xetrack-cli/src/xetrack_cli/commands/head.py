"""`xt head` and `xt tail`: the first and last rows."""

from xetrack_cli.output.terminal import show
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import chosen_columns, open_reader
from xetrack_cli.parsing.options import Columns, Db, Engine, Format, Number, Table, TrackId, Utc

__all__ = ["head", "tail"]


def head(
    words: Db = None,
    *,
    n: Number = 5,
    columns: Columns = None,
    track_id: TrackId = None,
    table: Table = None,
    engine: Engine = None,
    utc: Utc = False,
    style: Format = "",
) -> None:
    """Print the first rows."""
    (db,) = arguments(words)
    with open_reader(db, table, engine, track_id, utc=utc) as reader:
        show(reader.to_dicts(track_id, head=n), chosen_columns(reader, columns), style)


def tail(
    words: Db = None,
    *,
    n: Number = 5,
    columns: Columns = None,
    track_id: TrackId = None,
    table: Table = None,
    engine: Engine = None,
    utc: Utc = False,
    style: Format = "",
) -> None:
    """Print the last rows."""
    (db,) = arguments(words)
    with open_reader(db, table, engine, track_id, utc=utc) as reader:
        show(reader.to_dicts(track_id, tail=n), chosen_columns(reader, columns), style)
