"""`xt set`: set a value in rows."""

from typing import Annotated

import typer

from xetrack import Reader, XetrackError
from xetrack_cli.errors import UsageError
from xetrack_cli.output.format import plural
from xetrack_cli.output.terminal import confirm, tell
from xetrack_cli.parsing import completion
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import check_columns, open_reader, waiting
from xetrack_cli.parsing.options import Engine, Table, Timeout, TrackId, Words, option, positional
from xetrack_cli.parsing.values import parse, parse_selector

__all__ = ["commands", "set_value"]

commands = typer.Typer(rich_markup_mode=None)

_TYPE = "bool, int, float, text, bytes, json or none. Default: the type of the column."
_HELP = "Database, a column, and its new value."


@commands.command("set", context_settings={"ignore_unknown_options": True})  # a VALUE may be a negative number
def set_value(
    words: Annotated[Words, positional("[DB] KEY VALUE", _HELP, completion.columns)] = None,
    *,
    where_key: Annotated[
        str | None,
        option(
            "--where-key",
            "COLUMN",
            "Only rows where this column equals --where-value.",
            autocompletion=completion.columns,
        ),
    ] = None,
    where_value: Annotated[
        str | None, option("--where-value", "VALUE", "The value to look for in --where-key.")
    ] = None,
    track_id: TrackId = None,
    everywhere: Annotated[bool, typer.Option("--all", help="Change all rows of all runs.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before changing all rows.")] = False,
    kind: Annotated[str | None, option("--type", "TYPE", _TYPE)] = None,
    table: Table = None,
    engine: Engine = None,
    timeout: Timeout = None,
) -> None:
    """Set a value in selected rows or in all rows.

    Select rows by run (--track-id), by value (--where-key and --where-value), or by both. To change all rows, add
    --all.
    """
    for word in words or ():
        if word.startswith("--"):
            raise UsageError(f"Unknown option {word}. Try: xt set --help")
    db, key, text = arguments(words, "KEY", "VALUE")
    if (where_key is None) != (where_value is None):
        raise UsageError("Use --where-key and --where-value together.")
    selected = track_id is not None or where_key is not None
    if selected and everywhere:
        raise UsageError(
            "--all cannot be combined with --track-id or --where-key. Omit it to change only the selected rows."
        )
    with open_reader(db, table, engine, track_id, **waiting(db, engine, timeout)) as reader:
        types = reader.engine.columns(reader.table)
        value = parse(text, key, types.get(key, ""), kind)
        if not selected:
            _confirm_all(reader, f"{key} = {text}", everywhere=everywhere, yes=yes)
        if where_key is not None and where_value is not None:
            check_columns(reader, [where_key])
            rows = reader.set_where(key, value, where_key, parse_selector(where_value, types[where_key]), track_id)
        else:
            rows = reader.set_value(key, value, track_id)
    if not rows:
        run = "" if track_id is None else f" of {track_id}"
        reason = "The table has no rows" if where_key is None else f"No row{run} has {where_key} = {where_value}"
        raise XetrackError(f"{reason}. Nothing was set.")
    tell(f"{key} set in {plural(rows, 'row')}" + ("" if key in types else " (new column)"))


def _confirm_all(reader: Reader, change: str, *, everywhere: bool, yes: bool) -> None:
    """Make sure that the user means to change all rows."""
    affected = f"{plural(len(reader), 'row')} of {plural(len(reader.engine.runs(reader.table)), 'run')}"
    if not everywhere:
        advice = "Select rows with --track-id or --where-key, or add --all."
        raise UsageError(f"This would set {change} in all {affected}. {advice}")
    confirm(f"Set {change} in {affected}?", yes=yes)
