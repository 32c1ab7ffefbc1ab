"""`xt copy`: one database merged into another."""

from typing import Annotated

import typer

import xetrack
from xetrack_cli.progress import progress
from xetrack_cli.terminal import tell

__all__ = ["copy"]


def copy(
    source: Annotated[str, typer.Argument(help="Path of the database to read; it is not changed.")],
    target: Annotated[str, typer.Argument(help="Path of the database to write; made if it is not there.")],
    *,
    assets: Annotated[bool, typer.Option("--assets/--no-assets", help="Whether logged objects come too.")] = True,
    table: Annotated[
        list[str] | None,
        typer.Option("--table", "-t", metavar="TABLE", help="Only this table; may be given several times."),
    ] = None,
    engine: Annotated[str, typer.Option("--engine", metavar="NAME", help="The storage engine of both.")] = "sqlite",
) -> None:
    """Merge one database into another.

    Rows that are there already are left as they are: copying twice copies nothing.
    """
    with progress("copying rows") as update:
        new = xetrack.copy(
            source, target, assets, table or None, source_engine=engine, target_engine=engine, progress=update
        )
    tell(f"{new} new {'row' if new == 1 else 'rows'} copied to {target}")
