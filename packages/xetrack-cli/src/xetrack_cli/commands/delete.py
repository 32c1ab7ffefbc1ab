"""`xt delete`: delete runs."""

from typing import Annotated

import typer

from xetrack_cli.output.terminal import counted, tell
from xetrack_cli.parsing import completion
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import check_run, open_reader
from xetrack_cli.parsing.options import Engine, Table, Timeout

__all__ = ["delete"]


def delete(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DB] TRACK_ID...", help="Database file, and the runs.", autocompletion=completion.runs),
    ] = None,
    *,
    table: Table = None,
    engine: Engine = "sqlite",
    timeout: Timeout = 10.0,
) -> None:
    """Delete runs.

    Their logged objects stay: xt assets gc removes those that no row names.
    """
    db, *track_ids = arguments(words, "TRACK_ID...")
    with open_reader(db, table, engine, timeout=timeout) as reader:
        for track_id in track_ids:
            check_run(reader, track_id)
        for track_id in dict.fromkeys(track_ids):
            tell(f"{track_id} deleted, {counted(reader.delete_run(track_id), 'row')}")
