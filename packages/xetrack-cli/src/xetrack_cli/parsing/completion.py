"""Shell completion of runs and columns, from the database on the command line."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from xetrack_cli.parsing.arguments import DATABASE

__all__ = ["columns", "runs"]


def runs(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete track ids, the latest first. Without a database there are none, and shells complete paths."""
    return _matching(ctx, incomplete, lambda reader: [str(run["track_id"]) for run in reader.list_runs()])


def columns(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete columns."""
    return _matching(ctx, incomplete, lambda reader: list(reader.columns))


def _matching(ctx: typer.Context, incomplete: str, names: Callable[[Any], list[str]]) -> list[str]:
    from xetrack import Reader
    from xetrack.registry import is_url

    typed = [*(ctx.params.get("words") or ())][:1]
    candidates = (*typed, os.environ.get(DATABASE, ""))
    db = next((each for each in candidates if is_url(each) or Path(each).is_file()), None)
    if db is None:
        return []
    try:
        with Reader(db, ctx.params.get("engine"), table=ctx.params.get("table")) as reader:
            return [name for name in names(reader) if name.startswith(incomplete)]
    except Exception:  # reported when the command runs
        return []
