"""`xt copy`: merge one database into another."""

from typing import Annotated

import typer

import xetrack
from xetrack.plugin import redacted
from xetrack.registry import is_url
from xetrack_cli.output.format import plural
from xetrack_cli.output.progress import progress
from xetrack_cli.output.terminal import tell
from xetrack_cli.parsing.options import option

__all__ = ["copy"]


def copy(
    source: Annotated[str, typer.Argument(help="Database to read, a path or URL.")],
    target: Annotated[str, typer.Argument(help="Database to write, a path or URL; created if it does not exist.")],
    *,
    assets: Annotated[bool, typer.Option("--assets/--no-assets", help="Copy logged objects too.")] = True,
    table: Annotated[
        list[str] | None, option("--table -t", "TABLE", "Only this table. Repeat to copy several.")
    ] = None,
    engine: Annotated[
        str | None, option("--engine", "NAME", "Storage engine of databases given as paths. Default: sqlite.")
    ] = None,
    source_engine: Annotated[str | None, option("--source-engine", "NAME", "Storage engine of SOURCE alone.")] = None,
    target_engine: Annotated[str | None, option("--target-engine", "NAME", "Storage engine of TARGET alone.")] = None,
) -> None:
    """Merge one database into another.

    Repeating a copy adds new rows and updates rows that changed in SOURCE. It deletes nothing.
    """
    with progress("copying rows") as update:
        new = xetrack.copy(
            source,
            target,
            assets,
            table or None,
            source_engine=source_engine or _of_path(source, engine),
            target_engine=target_engine or _of_path(target, engine),
            progress=update,
        )
    updated = f", {plural(new.updated, 'row')} updated" if new.updated else ""
    tell(f"{plural(new, 'new row')} copied to {redacted(target)}{updated}")


def _of_path(db: str, engine: str | None) -> str | None:
    """Return the engine of a path. A URL chooses its own."""
    return None if is_url(db) else engine
