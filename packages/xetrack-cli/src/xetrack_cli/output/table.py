"""Tables for people, drawn with rich. What is too wide goes on below, so that every column stays readable."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from xetrack_cli.output.format import numeric, shown

__all__ = ["blocks", "draw", "table"]

_WIDEST = 60  # characters of a cell; all of it is in --json and --csv
_GAP = 3  # spaces between columns

Rows = Sequence[Mapping[str, Any]]


def draw(rows: Rows, keys: Sequence[str], marked: Mapping[int, str] | None = None, kept: int = 0) -> None:
    """Print a table, in as many blocks of columns as it takes; the first `kept` columns stand in each of them.

    Rows whose number is in `marked` have that style.
    """
    console = Console()
    if not rows:
        console.print(Text("no rows", style="dim"))
        return
    for block in blocks(rows, keys, console.width, kept):
        console.print(table(rows, block, console.width, marked))


def blocks(rows: Rows, keys: Sequence[str], width: int, kept: int = 0) -> Iterator[list[str]]:
    """The columns in groups, each of which fits the width and begins with the first `kept`."""
    widths = {key: _GAP + min(_WIDEST, max(map(cell_len, _texts(rows, key)))) for key in keys}
    always = list(keys[:kept])
    room = width - len(str(max(len(rows) - 1, 0))) - sum(widths[key] for key in always)
    block: list[str] = []
    for key in keys[kept:]:
        if block and sum(widths[each] for each in block) + widths[key] > room:
            yield always + block
            block = []
        block.append(key)
    yield always + block


def _texts(rows: Rows, key: str) -> list[str]:
    return [shown(key), *(shown(row.get(key)) for row in rows)]


def table(rows: Rows, keys: Sequence[str], width: int, marked: Mapping[int, str] | None = None) -> RenderableType:
    """One block of a table."""
    drawn = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    drawn.add_column("", style="dim", justify="right", no_wrap=True)
    most = max(min(_WIDEST, width - 8), 1)
    for key in keys:
        side = "right" if numeric(rows, key) else "left"
        drawn.add_column(Text(shown(key)), justify=side, no_wrap=True, overflow="ellipsis", max_width=most)  # type: ignore[arg-type] # a literal of rich's
    for number, row in enumerate(rows):
        style = (marked or {}).get(number)
        drawn.add_row(str(number), *(_cell(row.get(key)) for key in keys), style=style)
    return drawn


def _cell(value: Any) -> Text:
    if isinstance(value, bool):
        return Text(shown(value), style="green" if value else "red")
    return Text(shown(value), style="cyan" if isinstance(value, (int, float)) else "")
