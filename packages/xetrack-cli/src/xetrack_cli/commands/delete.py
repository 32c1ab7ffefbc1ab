"""`xt delete`: delete runs."""

from typing import Annotated

from xetrack_cli.output.format import plural
from xetrack_cli.output.terminal import tell
from xetrack_cli.parsing import completion
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import check_run, open_reader, waiting
from xetrack_cli.parsing.options import Engine, Table, Timeout, Words, positional

__all__ = ["delete"]


def delete(
    words: Annotated[Words, positional("[DB] TRACK_ID...", "Database, and the runs.", completion.runs)] = None,
    *,
    table: Table = None,
    engine: Engine = None,
    timeout: Timeout = None,
) -> None:
    """Delete runs.

    Logged objects are kept. To remove those that no row uses, run xt assets gc.
    """
    db, *track_ids = arguments(words, "TRACK_ID...")
    with open_reader(db, table, engine, **waiting(db, engine, timeout)) as reader:
        for track_id in track_ids:
            check_run(reader, track_id)
        for track_id in dict.fromkeys(track_ids):
            tell(f"{track_id} deleted, {plural(reader.delete_run(track_id), 'row')}")
