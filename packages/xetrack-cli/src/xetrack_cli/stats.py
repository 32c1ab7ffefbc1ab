"""`xt describe`, `xt stats`: numbers about columns."""

import math
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from xetrack import Reader
from xetrack_cli import completion
from xetrack_cli.cells import is_number
from xetrack_cli.errors import UsageError
from xetrack_cli.opened import check_columns, chosen_columns, reading
from xetrack_cli.options import Columns, Csv, Db, Engine, Json, Markdown, Number, Table, TrackId, style_of
from xetrack_cli.terminal import show
from xetrack_cli.words import arguments

__all__ = ["bottom", "commands", "describe", "top"]

commands = typer.Typer(rich_markup_mode=None, help="Statistics: describe, top, bottom.")

DbColumn = Annotated[
    list[str] | None,
    typer.Argument(metavar="[DB] COLUMN", help="Path of the database; a column.", autocompletion=completion.columns),
]


@commands.command()
def describe(
    words: Db = None,
    *,
    columns: Columns = None,
    track_id: TrackId = None,
    table: Table = "events",
    engine: Engine = "sqlite",
    as_json: Json = False,
    as_csv: Csv = False,
    as_markdown: Markdown = False,
) -> None:
    """Count, mean, spread and quartiles of columns.

    A line a column: of all that hold numbers, or those named. NaN is not counted; True is 1, False is 0.
    """
    style = style_of(json=as_json, csv=as_csv, markdown=as_markdown)
    (db,) = arguments(words)
    with reading(db, table, engine, track_id) as reader:
        names = chosen_columns(reader, columns)
        rows = reader.to_dicts(track_id)
    described = [_described(name, [row[name] for row in rows if row[name] is not None]) for name in names]
    if columns is None:
        described = [each for each in described if "mean" in each]
    keys = dict.fromkeys(key for each in described for key in each)
    show(described, list(keys) or ["column", "count"], style)


def _described(name: str, values: Sequence[Any]) -> dict[str, Any]:
    numbers = _numbers(values)
    if numbers:
        import pandas as pd

        told = pd.Series(numbers, dtype=float).describe().to_dict()
        return {"column": name} | {str(key): _whole(value) for key, value in told.items()}
    return {"column": name, "count": len(values), "unique": len(set(map(repr, values)))}


def _numbers(values: Sequence[Any]) -> list[float]:
    return [value for value in values if isinstance(value, (int, float)) and not math.isnan(value)]


def _whole(value: Any) -> Any:
    return int(value) if float(value).is_integer() else float(value)


@commands.command()
def top(
    words: DbColumn = None,
    *,
    n: Number = 1,
    track_id: TrackId = None,
    table: Table = "events",
    engine: Engine = "sqlite",
    as_json: Json = False,
    as_csv: Csv = False,
    as_markdown: Markdown = False,
) -> None:
    """Print the rows with the highest values of a column."""
    style = style_of(json=as_json, csv=as_csv, markdown=as_markdown)
    db, name = arguments(words, "COLUMN")
    with reading(db, table, engine, track_id) as reader:
        show(_ranked(reader, name, track_id, highest=True)[:n], reader.columns, style)


@commands.command()
def bottom(
    words: DbColumn = None,
    *,
    n: Number = 1,
    track_id: TrackId = None,
    table: Table = "events",
    engine: Engine = "sqlite",
    as_json: Json = False,
    as_csv: Csv = False,
    as_markdown: Markdown = False,
) -> None:
    """Print the rows with the lowest values of a column."""
    style = style_of(json=as_json, csv=as_csv, markdown=as_markdown)
    db, name = arguments(words, "COLUMN")
    with reading(db, table, engine, track_id) as reader:
        show(_ranked(reader, name, track_id, highest=False)[:n], reader.columns, style)


def _ranked(reader: Reader, name: str, track_id: str | None, *, highest: bool) -> list[dict[str, Any]]:
    check_columns(reader, [name])
    rows = [row for row in reader.to_dicts(track_id) if is_number(row[name]) and not math.isnan(row[name])]
    if not rows:
        raise UsageError(f"the column {name!r} holds no numbers.")
    return sorted(rows, key=lambda row: row[name], reverse=highest)
