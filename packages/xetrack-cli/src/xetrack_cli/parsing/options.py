"""Arguments and options that several commands share."""

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

import typer

from xetrack_cli.parsing import completion

__all__ = ["Columns", "Db", "Engine", "Format", "Number", "Table", "Timeout", "TrackId", "Words", "positional"]


def positional(metavar: str, text: str, complete: Callable[..., list[str]] | None = None) -> Any:
    """Declare the positional arguments of a command, which `arguments` splits."""
    return typer.Argument(metavar=metavar, help=text, autocompletion=complete)


Words: TypeAlias = list[str] | None
Db: TypeAlias = Annotated[Words, positional("[DB]", "Database file; defaults to $XETRACK_DB.")]
Table: TypeAlias = Annotated[
    str | None, typer.Option("--table", "-t", metavar="TABLE", help="Table. Default: events, or the only one.")
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
Format: TypeAlias = Annotated[
    str, typer.Option("--format", metavar="FORMAT", help="table, json, csv or markdown; --json and so on do the same.")
]
"""Goes with a parameter named `style`. `parsing.command` adds --json and the like, and checks the value."""
