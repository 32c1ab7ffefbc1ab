"""`xt copy` merges one database into another; `xt backup` writes a whole one to a new file."""

from typing import Annotated

import typer

import xetrack
from xetrack_cli.progress import progress
from xetrack_cli.terminal import counted, tell

__all__ = ["backup", "copy"]


def copy(
    source: Annotated[str, typer.Argument(help="Database to read; it is not changed.")],
    target: Annotated[str, typer.Argument(help="Database to write; created if it does not exist.")],
    *,
    assets: Annotated[bool, typer.Option("--assets/--no-assets", help="Copy logged objects too.")] = True,
    table: Annotated[
        list[str] | None,
        typer.Option("--table", "-t", metavar="TABLE", help="Only this table; repeat it for several."),
    ] = None,
    engine: Annotated[str, typer.Option("--engine", metavar="NAME", help="Storage engine of both.")] = "sqlite",
) -> None:
    """Merge one database into another.

    Rows that the target already has stay as they are: copying twice copies nothing.
    """
    with progress("copying rows") as update:
        new = xetrack.copy(
            source, target, assets, table or None, source_engine=engine, target_engine=engine, progress=update
        )
    tell(f"{counted(new, 'new row')} copied to {target}")


def backup(
    source: Annotated[str, typer.Argument(help="Database to read; it is not changed.")],
    target: Annotated[str, typer.Argument(help="File to write.")],
    *,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an existing database that nobody has open.")
    ] = False,
    engine: Annotated[str, typer.Option("--engine", metavar="NAME", help="Storage engine.")] = "sqlite",
) -> None:
    """Write a consistent snapshot of a whole database to a new file.

    Other processes may go on logging meanwhile. A killed backup leaves no partial database.
    """
    with xetrack.Reader(source, engine, table=None) as reader, progress("copying pages") as update:
        reader.backup(target, overwrite=overwrite, progress=update)
    tell(f"{source} backed up to {target}")
