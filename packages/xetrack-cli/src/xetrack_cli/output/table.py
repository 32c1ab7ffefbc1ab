"""Tables for people, drawn by rich. Columns that do not fit the width continue below, so that all stay readable."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from xetrack_cli.output.format import display, is_numeric

__all__ = ["blocks", "draw", "table"]

_WIDEST = 60  # characters of a cell; --json and --csv have all of it
_GAP = 3  # spaces between columns

Rows = Sequence[Mapping[str, Any]]


def draw(rows: Rows, keys: Sequence[str], styles: Mapping[int, str] | None = None, repeated: int = 0) -> None:
    """Print a table in as many blocks of columns as the width needs.

    Args:
        rows: the rows.
        keys: their columns.
        styles: rich styles of rows, by number.
        repeated: how many of the first columns every block repeats.
    """
    console = Console()
    if not rows:
        console.print(Text("no rows", style="dim"))
        return
    for block in blocks(rows, keys, console.width, repeated):
        console.print(table(rows, block, console.width, styles))


def blocks(rows: Rows, keys: Sequence[str], width: int, repeated: int = 0) -> Iterator[list[str]]:
    """Split columns into groups that fit the width, each starting with the first `repeated` columns."""
    widths = {key: _GAP + min(_WIDEST, max(map(cell_len, _texts(rows, key)))) for key in keys}
    always = list(keys[:repeated])
    room = width - len(str(max(len(rows) - 1, 0))) - sum(widths[key] for key in always)
    block: list[str] = []
    for key in keys[repeated:]:
        if block and sum(widths[each] for each in block) + widths[key] > room:
            yield always + block
            block = []
        block.append(key)
    yield always + block


def _texts(rows: Rows, key: str) -> list[str]:
    return [display(key), *(display(row.get(key)) for row in rows)]


def table(rows: Rows, keys: Sequence[str], width: int, styles: Mapping[int, str] | None = None) -> RenderableType:
    """Lay out one block of a table."""
    drawn = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    drawn.add_column("", style="dim", justify="right", no_wrap=True)
    widest = max(min(_WIDEST, width - 8), 1)
    for key in keys:
        side = "right" if is_numeric(rows, key) else "left"
        drawn.add_column(Text(display(key)), justify=side, no_wrap=True, overflow="ellipsis", max_width=widest)  # type: ignore[arg-type] # a literal of rich's
    for number, row in enumerate(rows):
        drawn.add_row(str(number), *(_cell(row.get(key)) for key in keys), style=(styles or {}).get(number))
    return drawn


def _cell(value: Any) -> Text:
    if isinstance(value, bool):
        return Text(display(value), style="green" if value else "red")
    return Text(display(value), style="cyan" if isinstance(value, (int, float)) else "")
