"""`xt stats`: the rows with the highest and lowest values of a column, and `describe`."""

import heapq
from collections.abc import Callable, Iterator
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

DbColumn: TypeAlias = Annotated[Words, positional("[DB] COLUMN", "Database, and a column.", completion.columns)]

commands = typer.Typer(rich_markup_mode=None, help="Show statistics: describe, top, bottom.")
commands.command()(describe)


def _ranking(select: Callable[..., Any], text: str) -> Callable[..., None]:
    """Make a command of `heapq.nlargest` or `heapq.nsmallest`. Of equal values, those logged first come first."""

    def ranking(
        words: DbColumn = None,
        *,
        n: Number = 1,
        track_id: TrackId = None,
        table: Table = None,
        engine: Engine = None,
        style: Format = "",
    ) -> None:
        db, name = arguments(words, "COLUMN")
        with open_reader(db, table, engine, track_id) as reader:
            check_columns(reader, [name])
            found = select(max(n, 1), _places(chunks(reader, track_id), name), key=lambda place: place[0])
            if not found:
                raise UsageError(f"Column {name!r} holds no numbers.")
            rows = [{key: decode(cells[index]) for key, cells in chunk.items()} for _, chunk, index in found[:n]]
            show(rows, reader.columns, style)

    ranking.__doc__ = text
    return ranking


def _places(found: Iterator[Columns], name: str) -> Iterator[tuple[Any, Columns, int]]:
    """Yield each number of a column, with the chunk and index of its row."""
    for chunk in found:
        for index, value in enumerate(chunk.get(name, [])):
            if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value:
                yield value, chunk, index


top = commands.command("top")(_ranking(heapq.nlargest, "Print the rows with the highest values of a column."))
bottom = commands.command("bottom")(_ranking(heapq.nsmallest, "Print the rows with the lowest values of a column."))
