"""Arguments and options that several commands share."""

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

import typer

from xetrack_cli.parsing import completion

__all__ = ["Columns", "Db", "Engine", "Format", "Number", "Table", "Timeout", "TrackId", "Utc", "Words"]
__all__ += ["option", "positional"]


def positional(metavar: str, text: str, complete: Callable[..., list[str]] | None = None) -> Any:
    """Declare the positional arguments of a command, which `arguments` splits."""
    return typer.Argument(metavar=metavar, help=text, autocompletion=complete)


def option(names: str, metavar: str, text: str, **settings: Any) -> Any:
    """Declare an option, such as `option("--n -n", "N", "Number of rows.")`."""
    return typer.Option(*names.split(), metavar=metavar, help=text, **settings)


Words: TypeAlias = list[str] | None
Db: TypeAlias = Annotated[Words, positional("[DB]", "Database path or URL. Default: $XETRACK_DB.")]
Table: TypeAlias = Annotated[
    str | None, option("--table -t", "TABLE", "Table to use. Default: events, or the only table.")
]
Engine: TypeAlias = Annotated[
    str | None, option("--engine", "NAME", "Storage engine. Default: the URL's engine, or sqlite for a path.")
]
TrackId: TypeAlias = Annotated[
    str | None, option("--track-id", "TRACK_ID", "Only this run.", autocompletion=completion.runs)
]
Number: TypeAlias = Annotated[int, option("--n -n", "N", "Number of rows.", min=0)]
Columns: TypeAlias = Annotated[str | None, option("--columns -c", "X,Y,Z", "Only these columns.")]
Timeout: TypeAlias = Annotated[
    float | None,
    option("--timeout", "SECONDS", "Seconds to wait for other writers. Default: 10.", min=0, max=1_000_000),
]
Utc: TypeAlias = Annotated[bool, typer.Option("--utc", help="Show times in UTC.")]
_FORMAT = "table, json, csv or markdown. Shortcuts: --json, --csv, --markdown."
Format: TypeAlias = Annotated[str, option("--format", "FORMAT", _FORMAT)]
"""Goes with a parameter named `style`. `parsing.command` adds the shortcuts, and checks the value."""
