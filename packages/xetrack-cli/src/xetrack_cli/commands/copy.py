"""`xt copy`: merge one database into another."""

from typing import Annotated

import typer

import xetrack
from xetrack_cli.output.format import plural
from xetrack_cli.output.progress import progress
from xetrack_cli.output.terminal import tell
from xetrack_cli.parsing.options import option

__all__ = ["copy"]


def copy(
    source: Annotated[str, typer.Argument(help="Database to read.")],
    target: Annotated[str, typer.Argument(help="Database to write; created if it does not exist.")],
    *,
    assets: Annotated[bool, typer.Option("--assets/--no-assets", help="Copy logged objects too.")] = True,
    table: Annotated[
        list[str] | None, option("--table -t", "TABLE", "Only this table. Repeat to copy several.")
    ] = None,
    engine: Annotated[str, option("--engine", "NAME", "Storage engine of both databases.")] = "sqlite",
) -> None:
    """Merge one database into another.

    Repeating a copy adds new rows and updates rows that changed in SOURCE. It deletes nothing.
    """
    with progress("copying rows") as update:
        new = xetrack.copy(
            source, target, assets, table or None, source_engine=engine, target_engine=engine, progress=update
        )
    updated = f", {plural(new.updated, 'row')} updated" if new.updated else ""
    tell(f"{plural(new, 'new row')} copied to {target}{updated}")
