"""`xt backup`: write a consistent snapshot of a database."""

from typing import Annotated

import typer

import xetrack
from xetrack_cli.output.progress import progress
from xetrack_cli.output.terminal import tell

__all__ = ["backup"]


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
