"""`xt set`: set a value in rows."""

from typing import Annotated

import typer

from xetrack import Reader, XetrackError
from xetrack_cli.errors import UsageError
from xetrack_cli.output.terminal import confirm, counted, tell
from xetrack_cli.parsing import completion
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import check_columns, check_run, open_reader
from xetrack_cli.parsing.options import Engine, Table, Timeout
from xetrack_cli.parsing.values import parse, wanted_value

__all__ = ["commands", "set_value"]

commands = typer.Typer(rich_markup_mode=None)


@commands.command("set", context_settings={"ignore_unknown_options": True})  # a VALUE may be a negative number
def set_value(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DB] KEY VALUE",
            help="Database file, a column, and its value in the type of the column.",
            autocompletion=completion.columns,
        ),
    ] = None,
    *,
    where_key: Annotated[
        str | None,
        typer.Option(
            "--where-key", metavar="COLUMN", help="Only rows where this column ...", autocompletion=completion.columns
        ),
    ] = None,
    where_value: Annotated[
        str | None, typer.Option("--where-value", metavar="VALUE", help="... has this value.")
    ] = None,
    track_id: Annotated[
        str | None,
        typer.Option("--track-id", metavar="TRACK_ID", help="Only this run.", autocompletion=completion.runs),
    ] = None,
    everywhere: Annotated[bool, typer.Option("--all", help="All rows of all runs.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before changing all rows.")] = False,
    kind: Annotated[
        str | None,
        typer.Option("--type", metavar="TYPE", help="Type of the value: bool, int, float, text, bytes, json, none."),
    ] = None,
    table: Table = None,
    engine: Engine = "sqlite",
    timeout: Timeout = 10.0,
) -> None:
    """Set a value in the selected rows, or in all.

    Select rows with --track-id, with --where-key and --where-value, or with both. Without them --all is needed.
    """
    for word in words or ():
        if word.startswith("--"):
            raise UsageError(f"there is no option {word}. Try: xt set --help")
    db, key, text = arguments(words, "KEY", "VALUE")
    if (where_key is None) != (where_value is None):
        raise UsageError("--where-key and --where-value go together.")
    selected = track_id is not None or where_key is not None
    if selected and everywhere:
        raise UsageError("--all means all rows. Leave it out to change the selected rows only.")
    with open_reader(db, table, engine, timeout=timeout) as reader:
        types = reader.engine.columns(reader.table)
        value = parse(text, key, types.get(key, ""), kind)
        if track_id is not None:
            check_run(reader, track_id)
        if not selected:
            _ask(reader, f"{key} = {text}", everywhere=everywhere, yes=yes)
        if where_key is not None and where_value is not None:
            check_columns(reader, [where_key])
            wanted = wanted_value(where_value, types[where_key])
            rows = reader.set_where(key, value, where_key, wanted, track_id)
        else:
            rows = reader.set_value(key, value, track_id)
    if not rows:
        run = "" if track_id is None else f" of {track_id}"
        told = "the table has no rows" if where_key is None else f"no row{run} has {where_key} = {where_value}"
        raise XetrackError(f"nothing was set: {told}.")
    new = "" if key in types else ", a new column"
    tell(f"{key} set in {counted(rows, 'row')}{new}")


def _ask(reader: Reader, change: str, *, everywhere: bool, yes: bool) -> None:
    """Make sure that all rows are meant to be changed."""
    affected = f"{counted(len(reader), 'row')} of {counted(len(reader.engine.runs(reader.table)), 'run')}"
    if not everywhere:
        message = (
            f"this would set {change} in all {affected}. Select rows with --track-id or --where-key, or add --all."
        )
        raise UsageError(message)
    confirm(f"Set {change} in {affected}?", yes=yes)
