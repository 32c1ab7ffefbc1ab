"""`xt copy`: one database merged into another. `xt backup`: a whole one in a file of its own."""

from typing import Annotated

import typer

import xetrack
from xetrack_cli.progress import progress
from xetrack_cli.terminal import tell

__all__ = ["backup", "copy"]


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


def backup(
    source: Annotated[str, typer.Argument(help="Path of the database to read; it is not changed.")],
    target: Annotated[str, typer.Argument(help="Path of the file to write.")],
    *,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a database of that name, which nobody has open.")
    ] = False,
    engine: Annotated[str, typer.Option("--engine", metavar="NAME", help="The storage engine.")] = "sqlite",
) -> None:
    """Write a whole database into a file of its own, as of one moment.

    It may be in use meanwhile: nobody who logs is held up. A backup that is killed leaves no half database.
    """
    with xetrack.Reader(source, engine) as reader, progress("copying pages") as update:
        reader.backup(target, overwrite=overwrite, progress=update)
    tell(f"{source} backed up to {target}")
