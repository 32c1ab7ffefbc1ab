"""The live view of `xt watch` on a terminal."""

from collections import deque
from collections.abc import Iterable
from typing import Any, TypeAlias

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from xetrack import Reader
from xetrack_cli.output.format import shown
from xetrack_cli.output.table import blocks, table

__all__ = ["show_live"]

Row: TypeAlias = dict[str, Any]

_AROUND = 5  # lines of the terminal that are not rows


def show_live(batches: Iterable[list[Row]], n: int, names: list[str] | None, reader: Reader) -> None:
    """Show the last `n` rows, or as many as fit, until the batches end."""
    console = Console()
    rows: deque[Row] = deque(maxlen=max(n, 1))
    with Live(console=console, auto_refresh=False) as live:
        for number, batch in enumerate(batches):
            rows.extend(batch)
            if batch or not number:
                live.update(_view(reader, rows, names, console), refresh=True)


def _view(reader: Reader, rows: deque[Row], names: list[str] | None, console: Console) -> RenderableType:
    fitting = list(rows)[-max(console.height - _AROUND, 1) :]
    keys = names or list(dict.fromkeys(key for row in fitting for key in row)) or reader.columns
    told = f"{len(reader)} rows of {reader.table}, Ctrl-C ends: {reader.db}"
    title = Text(told, style="dim", no_wrap=True, overflow="ellipsis")
    if not fitting:
        return Group(title, Text("no rows yet"))
    block, *others = blocks(fitting, keys, console.width)
    left_out = [shown(key) for other in others for key in other]
    more = [Text(f"(and {', '.join(left_out)}: see --columns)", style="dim", no_wrap=True, overflow="ellipsis")]
    return Group(title, table(fitting, block, console.width), *(more if left_out else []))
