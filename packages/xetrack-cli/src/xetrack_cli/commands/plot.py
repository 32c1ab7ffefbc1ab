"""`xt plot`: histograms and scatter plots in the terminal, drawn by plotext."""

import math
import os
import shutil
from array import array
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from xetrack_cli.errors import UsageError
from xetrack_cli.output.terminal import is_terminal, tell
from xetrack_cli.parsing import completion
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import check_columns, parts, reading
from xetrack_cli.parsing.options import Engine, Table, TrackId

__all__ = ["commands", "hist", "scatter"]

commands = typer.Typer(rich_markup_mode=None, help="Plots in the terminal: hist, scatter.")

Width = Annotated[
    int | None, typer.Option("--width", metavar="N", min=20, help="Width in characters. Default: that of the terminal.")
]
Height = Annotated[int, typer.Option("--height", metavar="N", min=5, help="Height in lines.")]

_WIDEST = 100
_MOST_POINTS = 20_000  # a terminal has fewer places; drawing all of a million would take minutes
_BOX = 35
_GREATEST = 1e300  # sums and differences of larger numbers overflow


@commands.command()
def hist(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DB] COLUMN", help="Database file, and a column of numbers.", autocompletion=completion.columns
        ),
    ] = None,
    *,
    bins: Annotated[int, typer.Option("--bins", metavar="N", min=1, max=10_000, help="Number of bars.")] = 20,
    width: Width = None,
    height: Height = 18,
    track_id: TrackId = None,
    table: Table = None,
    engine: Engine = "sqlite",
) -> None:
    """Draw the distribution of a column, with a summary."""
    db, name = arguments(words, "COLUMN")
    ((values,), left_out) = _columns(db, [name], table, engine, track_id)
    least, most = min(values), max(values)
    size = (most - least) / bins or 1
    counts = [0] * (bins if most > least else 1)
    for value in values:
        counts[min(int((value - least) / size), len(counts) - 1)] += 1
    middles = [least + size * (place + 0.5) for place in range(len(counts))] if most > least else [least]
    _draw(f"{name} histogram", lambda figure: figure.bar(middles, counts, width=1), width, height)
    tell("")
    _summarise(values, left_out)


@commands.command()
def scatter(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DB] X Y", help="Database file, and two columns of numbers.", autocompletion=completion.columns
        ),
    ] = None,
    *,
    width: Width = None,
    height: Height = 24,
    track_id: TrackId = None,
    table: Table = None,
    engine: Engine = "sqlite",
) -> None:
    """Draw one column against another."""
    db, *names = arguments(words, "X", "Y")
    (xs, ys), left_out = _columns(db, names, table, engine, track_id)
    step = -(-len(xs) // _MOST_POINTS)
    _draw(
        f"{names[1]} over {names[0]}",
        lambda figure: figure.signal(xs[::step], ys[::step], marker="braille"),
        width,
        height,
    )
    drawn = f", every {step}th drawn" if step > 1 else ""
    tell(f"{len(xs)} points{drawn}" + (f", {left_out} rows without two numbers left out" if left_out else ""))


def _columns(
    db: str, names: Sequence[str], table: str | None, engine: str, track_id: str | None
) -> tuple[list[list[float]], int]:
    """The numbers of columns, of those rows where all of them are finite numbers, and how many rows are not so."""
    left_out = 0
    kept: list[array[float]] = [array("d") for _ in names]
    with reading(db, table, engine, track_id) as reader:
        check_columns(reader, names)
        for part in parts(reader, track_id):
            left_out += _add_finite(kept, [part.get(name) for name in names], len(part["track_id"]))
    if not kept[0]:
        raise UsageError(f"{' and '.join(map(repr, names))}: no row has numbers there.")
    for name, numbers in zip(names, kept, strict=True):
        if max(map(abs, numbers)) > _GREATEST:
            raise UsageError(f"column {name!r} holds numbers beyond {_GREATEST:g}, which are too large to plot.")
    return [list(numbers) for numbers in kept], left_out


def _add_finite(kept: Sequence["array[float]"], columns: Sequence[list[Any] | None], rows: int) -> int:
    """Keep the numbers of those rows that have one in each of the columns; return how many rows have not."""
    before = len(kept[0])
    for values in zip(*(column or [] for column in columns), strict=False):
        if all(map(_is_finite, values)):
            for numbers, value in zip(kept, values, strict=True):
                numbers.append(value)
    return rows - (len(kept[0]) - before)


def _is_finite(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _draw(title: str, make: Callable[[Any], Any], width: int | None, height: int) -> None:
    import plotext

    figure = plotext.figure
    figure.clear()
    figure.theme("simple")  # the others paint a background of their own
    columns = shutil.get_terminal_size((80, 24)).columns
    figure.plot_size(width or min(columns, _WIDEST), height)
    figure.draw(make(figure))
    figure.title(title)
    text = figure.build().string(colorless=not is_terminal() or bool(os.environ.get("NO_COLOR")))
    tell("\n".join(line.rstrip() for line in text.splitlines()))


def _summarise(values: Sequence[float], left_out: int) -> None:
    lines = [
        f"observations: {len(values)}",
        f"min value: {min(values):.6f}",
        f"mean : {math.fsum(values) / len(values):.6f}",
        f"max value: {max(values):.6f}",
    ]
    if left_out:
        lines.append(f"without a number: {left_out}")
    rule = "-" * _BOX
    tell("\n".join([rule, _boxed("Summary"), rule, *map(_boxed, lines), rule]))


def _boxed(text: str) -> str:
    return f"|{text.center(_BOX - 2)}|"
