"""`xt watch`: new rows as they are logged."""

import csv
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, TypeAlias

from xetrack import Reader
from xetrack.plugin import to_rows
from xetrack_cli.errors import UsageError
from xetrack_cli.output.format import json_line, to_text
from xetrack_cli.output.terminal import is_terminal, tell
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import chosen_columns, open_reader
from xetrack_cli.parsing.options import Columns, Db, Engine, Format, Number, Table, TrackId, Utc, option

__all__ = ["follow", "watch"]

Row: TypeAlias = dict[str, Any]

_REMEMBERED = 1000  # rows; several, because the last ones may be deleted


def watch(
    words: Db = None,
    *,
    n: Number = 10,
    interval: Annotated[
        float, option("--interval -i", "SECONDS", "Seconds between updates.", min=0.05, max=1_000_000)
    ] = 1.0,
    columns: Columns = None,
    track_id: TrackId = None,
    table: Table = None,
    engine: Engine = None,
    utc: Utc = False,
    style: Format = "",
) -> None:
    """Follow new rows as they are logged, until Ctrl-C.

    On a terminal, show the last N rows. Piped, or with --json or --csv, print each row as a line of JSON or CSV.
    """
    (db,) = arguments(words)
    live = style == "table" or (not style and is_terminal())
    if style == "markdown" or (live and not is_terminal()):
        raise UsageError(f"xt watch cannot write {style} here. Use --json or --csv.")
    with open_reader(db, table, engine, track_id, utc=utc) as reader:
        names = None if columns is None else chosen_columns(reader, columns)
        batches = follow(reader, n, track_id, interval)
        if not live:
            _print_lines(batches, names, reader.columns, style)
            return
        from xetrack_cli.output.live import show_live

        show_live(batches, n, names, reader)


def follow(reader: Reader, n: int, track_id: str | None = None, interval: float = 0) -> Iterator[list[Row]]:
    """Yield the last `n` rows, then, every `interval` seconds, those logged since, in insertion order."""
    changes = reader.engine.changes(reader.table)
    rows = reader.to_dicts(track_id, tail=max(n, 1))
    yield rows if n else []
    # The feed returns those again that were logged after its watermark, or all if it starts over.
    shown = deque(map(_identity, rows), maxlen=_REMEMBERED)
    while True:
        time.sleep(interval)
        changes = reader.engine.changes(reader.table, changes.watermark)
        new: list[Row] = []
        for batch in changes.batches:
            for row in to_rows(batch.rows):
                if _identity(row) in shown:
                    new.clear()
                elif track_id in {None, row["track_id"]}:
                    new.append(row)
        shown.extend(map(_identity, new))
        yield new


def _identity(row: Row) -> tuple[Any, Any]:
    return row["track_id"], row["timestamp"]


def _print_lines(batches: Iterable[list[Row]], names: list[str] | None, known: list[str], style: str) -> None:
    head = names or known
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if style == "csv":
        writer.writerow(head)
    for rows in batches:
        for row in rows:
            if style == "csv":
                writer.writerow([to_text(row.get(name)) for name in head])
            else:
                tell(json_line({name: row.get(name) for name in names or row}))
        sys.stdout.flush()
