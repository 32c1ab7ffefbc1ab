"""`xt stats`: the rows with the highest and lowest values of a column, and `describe`."""

import heapq
from collections.abc import Iterator
from typing import Annotated, Any, TypeAlias

import typer

from xetrack.plugin import Columns, decode
from xetrack_cli.commands.describe import describe
from xetrack_cli.errors import UsageError
from xetrack_cli.output.terminal import show
from xetrack_cli.parsing import completion
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import check_columns, chunks, open_reader
from xetrack_cli.parsing.options import Engine, Format, Number, Table, TrackId, Words, positional

__all__ = ["bottom", "commands", "top"]

DbColumn: TypeAlias = Annotated[Words, positional("[DB] COLUMN", "Database file, and a column.", completion.columns)]

commands = typer.Typer(rich_markup_mode=None, help="Statistics: describe, top, bottom.")
commands.command()(describe)


@commands.command()
def top(
    words: DbColumn = None,
    *,
    n: Number = 1,
    track_id: TrackId = None,
    table: Table = None,
    engine: Engine = "sqlite",
    style: Format = "",
) -> None:
    """Print the rows with the highest values of a column."""
    _show_ranked(heapq.nlargest, words, n, track_id, table, engine, style)


@commands.command()
def bottom(
    words: DbColumn = None,
    *,
    n: Number = 1,
    track_id: TrackId = None,
    table: Table = None,
    engine: Engine = "sqlite",
    style: Format = "",
) -> None:
    """Print the rows with the lowest values of a column."""
    _show_ranked(heapq.nsmallest, words, n, track_id, table, engine, style)


def _show_ranked(
    select: Any, words: Words, n: int, track_id: str | None, table: str | None, engine: str, style: str
) -> None:
    """Print the first `n` rows by a column. Of equal values, those logged first come first."""
    db, name = arguments(words, "COLUMN")
    with open_reader(db, table, engine, track_id) as reader:
        check_columns(reader, [name])
        found = select(max(n, 1), _places(chunks(reader, track_id), name), key=lambda place: place[0])
        if not found:
            raise UsageError(f"Column {name!r} holds no numbers.")
        rows = [{key: decode(cells[index]) for key, cells in chunk.items()} for _, chunk, index in found[:n]]
        show(rows, reader.columns, style)


def _places(found: Iterator[Columns], name: str) -> Iterator[tuple[Any, Columns, int]]:
    """Yield each number of a column, with the chunk and index of its row."""
    for chunk in found:
        for index, value in enumerate(chunk.get(name, [])):
            if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value:
                yield value, chunk, index
