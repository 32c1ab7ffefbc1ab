"""`xt stats`: statistics of columns."""

import heapq
import math
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from xetrack import Reader
from xetrack.plugin import Columns as Cells
from xetrack.plugin import decode
from xetrack_cli.commands.describe import describe
from xetrack_cli.errors import UsageError
from xetrack_cli.output.terminal import show
from xetrack_cli.parsing import completion
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import check_columns, parts, reading
from xetrack_cli.parsing.options import Csv, Engine, Json, Markdown, Number, Table, TrackId, style_of

__all__ = ["bottom", "commands", "top"]

commands = typer.Typer(rich_markup_mode=None, help="Statistics: describe, top, bottom.")

DbColumn = Annotated[
    list[str] | None,
    typer.Argument(metavar="[DB] COLUMN", help="Database file, and a column.", autocompletion=completion.columns),
]


commands.command()(describe)


@commands.command()
def top(
    words: DbColumn = None,
    *,
    n: Number = 1,
    track_id: TrackId = None,
    table: Table = None,
    engine: Engine = "sqlite",
    as_json: Json = False,
    as_csv: Csv = False,
    as_markdown: Markdown = False,
) -> None:
    """Print the rows with the highest values of a column."""
    style = style_of(json=as_json, csv=as_csv, markdown=as_markdown)
    db, name = arguments(words, "COLUMN")
    with reading(db, table, engine, track_id) as reader:
        show(_ranked(reader, name, track_id, n, highest=True), reader.columns, style)


@commands.command()
def bottom(
    words: DbColumn = None,
    *,
    n: Number = 1,
    track_id: TrackId = None,
    table: Table = None,
    engine: Engine = "sqlite",
    as_json: Json = False,
    as_csv: Csv = False,
    as_markdown: Markdown = False,
) -> None:
    """Print the rows with the lowest values of a column."""
    style = style_of(json=as_json, csv=as_csv, markdown=as_markdown)
    db, name = arguments(words, "COLUMN")
    with reading(db, table, engine, track_id) as reader:
        show(_ranked(reader, name, track_id, n, highest=False), reader.columns, style)


def _ranked(reader: Reader, name: str, track_id: str | None, n: int, *, highest: bool) -> list[dict[str, Any]]:
    """Return the first `n` rows by a column. Of equal values, those logged first come first."""
    check_columns(reader, [name])
    order = heapq.nlargest if highest else heapq.nsmallest
    found = order(max(n, 1), _places(parts(reader, track_id), name), key=lambda place: place[0])
    if not found:
        raise UsageError(f"column {name!r} holds no numbers.")
    return [{key: decode(cells[index]) for key, cells in part.items()} for _, part, index in found[:n]]


def _places(rows: Iterator[Cells], name: str) -> Iterator[tuple[Any, Cells, int]]:
    """Yield each number of a column, and the place of its row."""
    for part in rows:
        for index, value in enumerate(part.get(name, [])):
            if _is_number(value) and not isinstance(value, bool):
                yield value, part, index


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not math.isnan(value)
