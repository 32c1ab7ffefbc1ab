"""`xt watch`: new rows as they are logged."""

import csv
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, TypeAlias

import typer

from xetrack import Reader
from xetrack_cli.errors import UsageError
from xetrack_cli.output.format import json_line, to_text
from xetrack_cli.output.terminal import is_terminal, tell
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import chosen_columns, open_reader
from xetrack_cli.parsing.options import Columns, Db, Engine, Format, Number, Table, TrackId

__all__ = ["Follower", "watch"]

Row: TypeAlias = dict[str, Any]

_REMEMBERED = 1000  # rows to recognize the last one by; several, because runs may be deleted


def watch(
    words: Db = None,
    *,
    n: Number = 10,
    interval: Annotated[
        float,
        typer.Option("--interval", "-i", metavar="SECONDS", min=0.05, max=1_000_000, help="Seconds between updates."),
    ] = 1.0,
    columns: Columns = None,
    track_id: TrackId = None,
    table: Table = None,
    engine: Engine = "sqlite",
    style: Format = "",
) -> None:
    """Follow new rows as they are logged, until Ctrl-C.

    On a terminal, show the last N rows. Piped, or with --json or --csv, print each row as a line of JSON or CSV.
    """
    (db,) = arguments(words)
    live = style == "table" or (not style and is_terminal())
    if style == "markdown" or (live and not is_terminal()):
        raise UsageError(f"xt watch cannot write {style} here. Use --json or --csv.")
    with open_reader(db, table, engine, track_id) as reader:
        names = None if columns is None else chosen_columns(reader, columns)
        batches = Follower(reader, track_id).batches(n, interval)
        if not live:
            _print_lines(batches, names, reader.columns, style)
            return
        from xetrack_cli.output.live import show_live

        show_live(batches, n, names, reader)


class Follower:
    """Reads the rows that were logged since the last call."""

    def __init__(self, reader: Reader, track_id: str | None = None) -> None:
        self.reader = reader
        self._track_id = track_id
        self._seen: deque[tuple[Any, Any]] = deque(maxlen=_REMEMBERED)

    def batches(self, n: int, interval: float) -> Iterator[list[Row]]:
        """Yield the last `n` rows, then the new ones every `interval` seconds."""
        yield self.last(n)
        while True:
            time.sleep(interval)
            yield self.new()

    def last(self, n: int) -> list[Row]:
        """Return the last `n` rows, to start from."""
        rows = self._tail(max(n, 1))
        self._remember(rows)
        return rows if n else []

    def new(self) -> list[Row]:
        """Return the rows logged since, in insertion order."""
        size = 1
        while True:
            rows = self._tail(size)
            known = [place for place, row in enumerate(rows) if _identity(row) in self._seen]
            if known or len(rows) < size:
                new = rows[known[-1] + 1 :] if known else rows
                self._remember(new)
                return new
            size *= 8

    def _tail(self, n: int) -> list[Row]:
        return self.reader.to_dicts(self._track_id, tail=n)

    def _remember(self, rows: Sequence[Row]) -> None:
        self._seen.extend(map(_identity, rows))


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
