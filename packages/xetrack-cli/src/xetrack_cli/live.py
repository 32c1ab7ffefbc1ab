"""The live view of `xt watch` on a terminal."""

import time
from collections import deque
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from xetrack_cli.cells import shown
from xetrack_cli.tables import blocks, table
from xetrack_cli.watch import Follower

__all__ = ["show_live"]

_AROUND = 5  # lines of the terminal that are not rows


def show_live(follower: Follower, n: int, interval: float, names: list[str] | None) -> None:
    """Show the last `n` rows, or as many as fit, until interrupted."""
    console = Console()
    rows: deque[dict[str, Any]] = deque(follower.last(n), maxlen=max(n, 1))
    with Live(console=console, auto_refresh=False) as live:
        live.update(_view(follower, rows, names, console), refresh=True)
        while True:
            time.sleep(interval)
            new = follower.new()
            if new:
                rows.extend(new)
                live.update(_view(follower, rows, names, console), refresh=True)


def _view(follower: Follower, rows: deque[dict[str, Any]], names: list[str] | None, console: Console) -> RenderableType:
    fitting = list(rows)[-max(console.height - _AROUND, 1) :]
    keys = names or list(dict.fromkeys(key for row in fitting for key in row)) or follower.reader.columns
    reader = follower.reader
    told = f"{len(reader)} rows of {reader.table}, Ctrl-C ends: {reader.db}"
    title = Text(told, style="dim", no_wrap=True, overflow="ellipsis")
    if not fitting:
        return Group(title, Text("no rows yet"))
    block, *others = blocks(fitting, keys, console.width)
    left_out = [shown(key) for other in others for key in other]
    more = [Text(f"(and {', '.join(left_out)}: see --columns)", style="dim", no_wrap=True, overflow="ellipsis")]
    return Group(title, table(fitting, block, console.width), *(more if left_out else []))
