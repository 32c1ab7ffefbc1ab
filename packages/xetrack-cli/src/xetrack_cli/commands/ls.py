"""`xt ls`: the tables, or the values of a column."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from xetrack import Reader
from xetrack_cli.errors import UsageError
from xetrack_cli.output.format import display
from xetrack_cli.output.terminal import show, tell
from xetrack_cli.parsing import completion
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import check_columns, open_reader
from xetrack_cli.parsing.options import Engine, Format, Table, TrackId, Utc, Words, positional

__all__ = ["ls"]


def ls(
    words: Annotated[Words, positional("[DB] [COLUMN]", "Database, and a column.", completion.columns)] = None,
    *,
    unique: Annotated[bool, typer.Option("--unique", help="List each value once. Default column: track_id.")] = False,
    track_id: TrackId = None,
    table: Table = None,
    engine: Engine = None,
    utc: Utc = False,
    style: Format = "",
) -> None:
    """List the tables, or the values of a column.

    Values are printed one per line.
    """
    db, *names = arguments(words, "[COLUMN]")
    if not names and not unique:
        _show_tables(db, engine, style, {"--track-id": track_id, "--table": table, "--utc": utc or None})
        return
    with open_reader(db, table, engine, track_id, utc=utc) as reader:
        (name,) = check_columns(reader, names or ["track_id"])
        values = [row[name] for row in reader.to_dicts(track_id)]
    if unique:
        values = list({repr(value): value for value in values}.values())  # 1, 1.0 and True differ
    if style:
        show([{name: value} for value in values], [name], style)
        return
    for value in values:
        tell(value if isinstance(value, str) and value.isprintable() else display(value))


def _show_tables(db: str, engine: str | None, style: str, unused: Mapping[str, object]) -> None:
    for option, value in unused.items():
        if value is not None:
            raise UsageError(f"{option} needs a COLUMN or --unique. Without them, xt ls lists the tables.")
    with Reader(db, engine, table=None) as reader:
        rows: list[dict[str, Any]] = [
            {"table": name, "rows": reader.engine.count(name), "columns": len(reader.engine.columns(name))}
            for name in reader.engine.tables()
        ]
    show(rows, ["table", "rows", "columns"], style)
