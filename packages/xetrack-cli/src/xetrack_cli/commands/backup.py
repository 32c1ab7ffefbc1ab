"""`xt backup`: write a consistent snapshot of a database."""

from typing import Annotated

import typer

from xetrack import Reader
from xetrack_cli.errors import UsageError
from xetrack_cli.output.progress import progress
from xetrack_cli.output.terminal import tell
from xetrack_cli.parsing.options import Engine

__all__ = ["backup"]


def backup(
    source: Annotated[str, typer.Argument(help="Database to read, a path or URL.")],
    target: Annotated[str, typer.Argument(help="File to write.")],
    *,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an existing database that no process has open.")
    ] = False,
    engine: Engine = None,
) -> None:
    """Back up a whole database to a new file.

    The snapshot is consistent even while other processes log. If the backup is killed, TARGET is unchanged.
    """
    with Reader(source, engine, table=None) as reader:
        if getattr(reader.engine, "backup", None) is None:
            raise UsageError(f"the engine of {reader.db} cannot write backups, as SQLite does. Use xt copy.")
        with progress("copying pages") as update:
            reader.backup(target, overwrite=overwrite, progress=update)
    tell(f"{source} backed up to {target}")
