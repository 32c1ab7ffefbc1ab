"""The live table of `xt watch` on a terminal."""

from collections import deque
from collections.abc import Iterable
from typing import Any, TypeAlias

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from xetrack import Reader
from xetrack_cli.output.format import display, plural
from xetrack_cli.output.table import blocks, table

__all__ = ["show_live"]

Row: TypeAlias = dict[str, Any]

_FRAME = 5  # lines of the terminal that hold no row


def show_live(batches: Iterable[list[Row]], n: int, names: list[str] | None, reader: Reader) -> None:
    """Show the last `n` rows, or as many as fit, until interrupted."""
    console = Console()
    rows: deque[Row] = deque(maxlen=max(n, 1))
    with Live(console=console, auto_refresh=False) as live:
        for number, batch in enumerate(batches):
            rows.extend(batch)
            if batch or not number:
                live.update(_view(reader, rows, names, console), refresh=True)


def _view(reader: Reader, rows: deque[Row], names: list[str] | None, console: Console) -> RenderableType:
    fitting = list(rows)[-max(console.height - _FRAME, 1) :]
    keys = names or list(dict.fromkeys(key for row in fitting for key in row)) or reader.columns
    title = _dim(f"{plural(len(reader), 'row')} in {reader.table} of {reader.db} (Ctrl-C to stop)")
    if not fitting:
        return Group(title, Text("no rows yet"))
    block, *others = blocks(fitting, keys, console.width)
    hidden = [display(key) for other in others for key in other]
    more = [_dim(f"not shown (choose with --columns): {', '.join(hidden)}")] if hidden else []
    return Group(title, table(fitting, block, console.width), *more)


def _dim(text: str) -> Text:
    return Text(text, style="dim", no_wrap=True, overflow="ellipsis")
