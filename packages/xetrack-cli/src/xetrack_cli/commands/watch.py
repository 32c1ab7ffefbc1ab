"""`xt watch`: new rows as they are logged."""

import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, TypeAlias

import typer

from xetrack import Reader
from xetrack_cli.output.format import json_line, spelt
from xetrack_cli.output.terminal import is_terminal, tell
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import chosen_columns, reading
from xetrack_cli.parsing.options import Columns, Csv, Db, Engine, Json, Number, Table, TrackId, style_of

__all__ = ["Follower", "watch"]

Row: TypeAlias = dict[str, Any]

_REMEMBERED = 1000  # rows, the last of which is looked for; more than one, as runs are deleted too


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
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Follow the rows as they are logged, until Ctrl-C.

    On a terminal the last N are shown. Piped, or with --json or --csv, each row is a line: JSON, or CSV.
    """
    style = style_of(json=as_json, csv=as_csv, markdown=False)
    (db,) = arguments(words)
    with reading(db, table, engine, track_id) as reader:
        names = None if columns is None else chosen_columns(reader, columns)
        follower = Follower(reader, track_id)
        batches = follower.batches(n, interval)
        if style or not is_terminal():
            _print_lines(batches, names, reader.columns, style)
            return
        from xetrack_cli.output.live import show_live

        show_live(batches, n, names, reader)


class Follower:
    """Gives rows that were logged since it was last asked."""

    def __init__(self, reader: Reader, track_id: str | None = None) -> None:
        self.reader = reader
        self._track_id = track_id
        self._seen: deque[tuple[Any, Any]] = deque(maxlen=_REMEMBERED)

    def last(self, n: int) -> list[Row]:
        """The last `n` rows, to begin with."""
        rows = self._tail(max(n, 1))
        self._remember(rows)
        return rows if n else []

    def new(self) -> list[Row]:
        """The rows since then, in the order of insertion."""
        size = 1
        while True:
            rows = self._tail(size)
            known = [place for place, row in enumerate(rows) if _identity(row) in self._seen]
            if known or len(rows) < size:
                fresh = rows[known[-1] + 1 :] if known else rows
                self._remember(fresh)
                return fresh
            size *= 8

    def batches(self, n: int, interval: float) -> Iterator[list[Row]]:
        """Yield the last `n` rows, then, every `interval` seconds, the new ones."""
        yield self.last(n)
        while True:
            time.sleep(interval)
            yield self.new()

    def _tail(self, n: int) -> list[Row]:
        return self.reader.to_dicts(self._track_id, tail=n)

    def _remember(self, rows: Sequence[Row]) -> None:
        self._seen.extend(map(_identity, rows))


def _identity(row: Row) -> tuple[Any, Any]:
    return row["track_id"], row["timestamp"]


def _print_lines(batches: Iterator[list[Row]], names: list[str] | None, known: list[str], style: str) -> None:
    head = names or known
    if style == "csv":
        _print_csv([head])
    for rows in batches:
        for row in rows:
            if style == "csv":
                _print_csv([[spelt(row.get(name)) for name in head]])
            else:
                tell(json_line({name: row.get(name) for name in names or row}))
        sys.stdout.flush()


def _print_csv(lines: Sequence[Sequence[str]]) -> None:
    import csv

    csv.writer(sys.stdout, lineterminator="\n").writerows(lines)
