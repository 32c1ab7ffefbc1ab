"""`xt ls`: the tables, or the values of a column."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from xetrack import Reader
from xetrack_cli.errors import UsageError
from xetrack_cli.output.format import shown
from xetrack_cli.output.terminal import show, tell
from xetrack_cli.parsing import completion
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import check_columns, reading
from xetrack_cli.parsing.options import Csv, Engine, Json, Markdown, Table, TrackId, style_of

__all__ = ["ls"]


def ls(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DB] [COLUMN]", help="Database file, and a column.", autocompletion=completion.columns),
    ] = None,
    *,
    unique: Annotated[bool, typer.Option("--unique", help="Each value once. Default column: track_id.")] = False,
    track_id: TrackId = None,
    table: Table = None,
    engine: Engine = "sqlite",
    as_json: Json = False,
    as_csv: Csv = False,
    as_markdown: Markdown = False,
) -> None:
    """List the tables, or the values of a column, one per line."""
    style = style_of(json=as_json, csv=as_csv, markdown=as_markdown)
    db, *names = arguments(words, "[COLUMN]")
    if not names and not unique:
        _show_tables(db, engine, style, {"--track-id": track_id, "--table": table})
        return
    with reading(db, table, engine, track_id) as reader:
        (name,) = check_columns(reader, names or ["track_id"])
        values = [row[name] for row in reader.to_dicts(track_id)]
    _show_values(name, _distinct(values) if unique else values, style)


def _show_tables(db: str, engine: str, style: str, ignored: Mapping[str, str | None]) -> None:
    for option, value in ignored.items():
        if value is not None:
            raise UsageError(f"{option} needs a COLUMN or --unique: without them, xt ls lists the tables.")
    with Reader(db, engine, table=None) as reader:
        show([_table_row(reader, name) for name in reader.engine.tables()], ["table", "rows", "columns"], style)


def _table_row(reader: Any, name: str) -> dict[str, Any]:
    return {"table": name, "rows": reader.engine.count(name), "columns": len(reader.engine.columns(name))}


def _distinct(values: list[Any]) -> list[Any]:
    """Return each value once, in order. 1, 1.0 and True are different values."""
    found: dict[str, Any] = {}
    for value in values:
        found.setdefault(repr(value), value)
    return list(found.values())


def _show_values(name: str, values: list[Any], style: str) -> None:
    if style:
        show([{name: value} for value in values], [name], style)
        return
    for value in values:
        tell(value if isinstance(value, str) and value.isprintable() else shown(value))
