"""`xt set` and `xt delete`: what changes rows."""

from typing import Annotated

import typer

from xetrack_cli import completion
from xetrack_cli.errors import UsageError
from xetrack_cli.opened import check_columns, check_run, open_reader
from xetrack_cli.options import Engine, Table, Timeout
from xetrack_cli.terminal import tell
from xetrack_cli.values import parse
from xetrack_cli.words import arguments

__all__ = ["delete", "set_command", "set_value"]

set_command = typer.Typer(rich_markup_mode=None)


@set_command.command("set", context_settings={"ignore_unknown_options": True})  # a VALUE may be a negative number
def set_value(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DB] KEY VALUE",
            help="Path of the database; a column; its value, of the column's type.",
            autocompletion=completion.columns,
        ),
    ] = None,
    *,
    where_key: Annotated[
        str | None,
        typer.Option(
            "--where-key", metavar="COLUMN", help="Only where this column ...", autocompletion=completion.columns
        ),
    ] = None,
    where_value: Annotated[
        str | None, typer.Option("--where-value", metavar="VALUE", help="... has this value.")
    ] = None,
    track_id: Annotated[
        str | None,
        typer.Option("--track-id", metavar="TRACK_ID", help="Only in this run.", autocompletion=completion.runs),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--type", metavar="TYPE", help="The value's type: bool, int, float, text, bytes, json, none."),
    ] = None,
    table: Table = "events",
    engine: Engine = "sqlite",
    timeout: Timeout = 10.0,
) -> None:
    """Set a value in rows: in all, those of a run, or where another column has some value."""
    for word in words or ():
        if word.startswith("--"):
            raise UsageError(f"there is no option {word}. Try: xt set --help")
    db, key, text = arguments(words, "KEY", "VALUE")
    if (where_key is None) != (where_value is None):
        raise UsageError("--where-key and --where-value go together.")
    with open_reader(db, table, engine, timeout=timeout) as reader:
        types = reader.engine.columns(reader.table)
        value = parse(text, key, types.get(key, ""), kind)
        if track_id is not None:
            check_run(reader, track_id)
        if where_key is not None and where_value is not None:
            check_columns(reader, [where_key])
            wanted = parse(where_value, where_key, types[where_key])
            rows = reader.set_where(key, value, where_key, wanted, track_id)
        else:
            rows = reader.set_value(key, value, track_id)
    new = "" if key in types or not rows else ", a new column"
    tell(f"{key} set in {rows} {'row' if rows == 1 else 'rows'}{new}")


def delete(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DB] TRACK_ID...", help="Path of the database; the runs.", autocompletion=completion.runs
        ),
    ] = None,
    *,
    table: Table = "events",
    engine: Engine = "sqlite",
    timeout: Timeout = 10.0,
) -> None:
    """Delete runs.

    Their logged objects stay: xt assets gc removes those that no row names.
    """
    db, *track_ids = arguments(words, "TRACK_ID...")
    with open_reader(db, table, engine, timeout=timeout) as reader:
        for track_id in track_ids:
            check_run(reader, track_id)
        for track_id in track_ids:
            rows = reader.delete_run(track_id)
            tell(f"{track_id} deleted, {rows} {'row' if rows == 1 else 'rows'}")
