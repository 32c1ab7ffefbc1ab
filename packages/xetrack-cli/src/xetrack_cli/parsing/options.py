"""Arguments and options that several commands share."""

from typing import Annotated, TypeAlias

import typer

from xetrack_cli.errors import UsageError
from xetrack_cli.parsing import completion

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

Db: TypeAlias = Annotated[
    list[str] | None, typer.Argument(metavar="[DB]", help="Database file; defaults to $XETRACK_DB.")
]
Table: TypeAlias = Annotated[
    str | None,
    typer.Option("--table", "-t", metavar="TABLE", help="Table of events. Default: events, or the only table."),
]
Engine: TypeAlias = Annotated[str, typer.Option("--engine", metavar="NAME", help="Storage engine: sqlite or duckdb.")]
TrackId: TypeAlias = Annotated[
    str | None, typer.Option("--track-id", metavar="TRACK_ID", help="Only this run.", autocompletion=completion.runs)
]
Number: TypeAlias = Annotated[int, typer.Option("--n", "-n", metavar="N", min=0, help="Number of rows.")]
Columns: TypeAlias = Annotated[str | None, typer.Option("--columns", "-c", metavar="X,Y,Z", help="Only these columns.")]
Timeout: TypeAlias = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=0, max=1_000_000, help="Seconds to wait for other writers.")
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="As JSON.")]
Csv: TypeAlias = Annotated[bool, typer.Option("--csv", help="As CSV.")]
Markdown: TypeAlias = Annotated[bool, typer.Option("--markdown", help="As a table in Markdown, as when piped.")]


def style_of(*, json: bool, csv: bool, markdown: bool) -> str:
    """Return the chosen style, as `Terminal.show` takes it. Raises `UsageError` for more than one."""
    chosen = [name for name, wanted in (("json", json), ("csv", csv), ("markdown", markdown)) if wanted]
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]} exclude each other. Choose one.")
    return chosen[0] if chosen else ""
