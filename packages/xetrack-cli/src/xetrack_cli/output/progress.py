"""A bar for what takes long, on a terminal only."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["progress"]

_LONG = 10_000  # rows or pages, from which on it takes long enough to wonder


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Gives what is to be called with (done, in all). Draws on standard error, if a person reads that."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as drawn:
        task = drawn.add_task(what, total=None, visible=False)

        def update(done: int, total: int) -> None:
            drawn.update(task, completed=done, total=total, visible=total > _LONG)

        yield update
