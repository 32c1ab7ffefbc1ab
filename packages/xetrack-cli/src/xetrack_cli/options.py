"""Arguments and options that several commands have, each told once."""

from typing import Annotated, TypeAlias

import typer

from xetrack_cli import completion
from xetrack_cli.errors import UsageError

__all__ = [
    "Columns",
    "Csv",
    "Db",
    "Engine",
    "Json",
    "Markdown",
    "Number",
    "Table",
    "Timeout",
    "TrackId",
    "style_of",
]

Db: TypeAlias = Annotated[list[str] | None, typer.Argument(metavar="[DB]", help="Path of the database.")]
Table: TypeAlias = Annotated[str, typer.Option("--table", "-t", metavar="TABLE", help="The table of events.")]
Engine: TypeAlias = Annotated[str, typer.Option("--engine", metavar="NAME", help="The storage engine: sqlite, duckdb.")]
TrackId: TypeAlias = Annotated[
    str | None, typer.Option("--track-id", metavar="TRACK_ID", help="Of this run only.", autocompletion=completion.runs)
]
Number: TypeAlias = Annotated[int, typer.Option("--n", "-n", metavar="N", min=0, help="How many.")]
Columns: TypeAlias = Annotated[
    str | None, typer.Option("--columns", "-c", metavar="X,Y,Z", help="Of these columns only.")
]
Timeout: TypeAlias = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=0, help="Seconds to wait for other writers.")
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="As JSON.")]
Csv: TypeAlias = Annotated[bool, typer.Option("--csv", help="As CSV.")]
Markdown: TypeAlias = Annotated[bool, typer.Option("--markdown", help="As a table in Markdown, as when piped.")]


def style_of(*, json: bool, csv: bool, markdown: bool) -> str:
    """The style that was asked for, as `Terminal.show` takes it. Raises `UsageError` for two of them."""
    chosen = [name for name, wanted in (("json", json), ("csv", csv), ("markdown", markdown)) if wanted]
    if len(chosen) > 1:
        raise UsageError(f"one style at a time: --{chosen[0]} or --{chosen[1]}.")
    return chosen[0] if chosen else ""
