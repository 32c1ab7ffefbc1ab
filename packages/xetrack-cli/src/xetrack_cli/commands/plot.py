"""`xt plot`: histograms and scatter plots in the terminal, drawn by plotext."""

import math
import os
import shutil
from array import array
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeAlias

import typer

from xetrack_cli.errors import UsageError
from xetrack_cli.output.format import plural
from xetrack_cli.output.terminal import is_terminal, tell
from xetrack_cli.parsing import completion
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import check_columns, chunks, open_reader
from xetrack_cli.parsing.options import Engine, Table, TrackId, Words, option, positional

__all__ = ["commands", "hist", "scatter"]

commands = typer.Typer(rich_markup_mode=None, help="Plot columns in the terminal: hist, scatter.")

Width: TypeAlias = Annotated[
    int | None, option("--width", "N", "Width in characters. Default: the terminal's.", min=20)
]
Height: TypeAlias = Annotated[int, option("--height", "N", "Height in lines.", min=5)]

_WIDEST = 100
_MOST_POINTS = 20_000  # more than a terminal resolves; drawing a million takes minutes
_BOX = 35
_LARGEST = 1e300  # beyond, sums and differences overflow

_ONE = "Database, and a column of numbers."
_TWO = "Database, and two columns of numbers."


@commands.command()
def hist(
    words: Annotated[Words, positional("[DB] COLUMN", _ONE, completion.columns)] = None,
    *,
    bins: Annotated[int, option("--bins", "N", "Number of bars.", min=1, max=10_000)] = 20,
    width: Width = None,
    height: Height = 18,
    track_id: TrackId = None,
    table: Table = None,
    engine: Engine = None,
) -> None:
    """Draw a histogram of a column, with a summary."""
    db, name = arguments(words, "COLUMN")
    (values,), skipped = _numbers(db, [name], table, engine, track_id)
    least, most = min(values), max(values)
    if least == most:
        bins = 1
    size = (most - least) / bins or 1
    counts = [0] * bins
    for value in values:
        counts[min(int((value - least) / size), bins - 1)] += 1
    middles = [least + size * (place + 0.5) for place in range(bins)] if bins > 1 or most > least else [least]
    _draw(f"{name} histogram", lambda figure: figure.bar(middles, counts, width=1), width, height)
    tell("")
    _summarize(values, skipped)


@commands.command()
def scatter(
    words: Annotated[Words, positional("[DB] X Y", _TWO, completion.columns)] = None,
    *,
    width: Width = None,
    height: Height = 24,
    track_id: TrackId = None,
    table: Table = None,
    engine: Engine = None,
) -> None:
    """Draw a scatter plot of two columns."""
    db, *names = arguments(words, "X", "Y")
    (xs, ys), skipped = _numbers(db, names, table, engine, track_id)
    step = -(-len(xs) // _MOST_POINTS)
    title = f"{names[1]} over {names[0]}"
    _draw(title, lambda figure: figure.signal(xs[::step], ys[::step], marker="braille"), width, height)
    thinned = f", drawing one in {step}" if step > 1 else ""
    tell(
        plural(len(xs), "point")
        + thinned
        + (f", {plural(skipped, 'row')} skipped without two numbers" if skipped else "")
    )


def _numbers(
    db: str, names: Sequence[str], table: str | None, engine: str | None, track_id: str | None
) -> tuple[list[list[float]], int]:
    """Return columns, of the rows where all are finite numbers, and how many rows were skipped."""
    rows = 0
    kept: list[array[float]] = [array("d") for _ in names]
    with open_reader(db, table, engine, track_id) as reader:
        check_columns(reader, names)
        for chunk in chunks(reader, track_id):
            rows += len(chunk["track_id"])
            for values in zip(*(chunk.get(name, []) for name in names), strict=False):
                if all(isinstance(value, (int, float)) and math.isfinite(value) for value in values):
                    for numbers, value in zip(kept, values, strict=True):
                        numbers.append(value)
    if not kept[0]:
        raise UsageError(f"No row has numbers in {' and '.join(map(repr, names))}.")
    for name, numbers in zip(names, kept, strict=True):
        if max(map(abs, numbers)) > _LARGEST:
            raise UsageError(f"Column {name!r} holds numbers beyond {_LARGEST:g}, which are too large to plot.")
    return [list(numbers) for numbers in kept], rows - len(kept[0])


def _draw(title: str, make: Callable[[Any], Any], width: int | None, height: int) -> None:
    import plotext

    figure = plotext.figure
    figure.clear()
    figure.theme("simple")  # the others paint a background
    columns = shutil.get_terminal_size((80, 24)).columns
    figure.plot_size(width or min(columns, _WIDEST), height)
    figure.draw(make(figure))
    figure.title(title)
    text = figure.build().string(colorless=not is_terminal() or bool(os.environ.get("NO_COLOR")))
    tell("\n".join(line.rstrip() for line in text.splitlines()))


def _summarize(values: Sequence[float], skipped: int) -> None:
    lines = [
        f"observations: {len(values)}",
        f"min value: {min(values):.6f}",
        f"mean : {math.fsum(values) / len(values):.6f}",
        f"max value: {max(values):.6f}",
    ]
    if skipped:
        lines.append(f"without a number: {skipped}")
    rule = "-" * _BOX
    boxed = [f"|{text.center(_BOX - 2)}|" for text in ("Summary", *lines)]
    tell("\n".join([rule, boxed[0], rule, *boxed[1:], rule]))
