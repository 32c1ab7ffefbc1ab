"""`xt watch`: new rows as they are logged."""

import sys
import time
from collections import deque
from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

import typer

from xetrack import Reader
from xetrack_cli.cells import json_line, spelt
from xetrack_cli.opened import chosen_columns, reading
from xetrack_cli.options import Columns, Csv, Db, Engine, Json, Number, Table, TrackId, style_of
from xetrack_cli.terminal import is_terminal, tell
from xetrack_cli.words import arguments

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
        if style or not is_terminal():
            _print_lines(follower, n, interval, names, style)
        else:
            from xetrack_cli.live import show_live

            show_live(follower, n, interval, names)


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

    def _tail(self, n: int) -> list[Row]:
        return self.reader.to_dicts(self._track_id, tail=n)

    def _remember(self, rows: Sequence[Row]) -> None:
        self._seen.extend(map(_identity, rows))


def _identity(row: Row) -> tuple[Any, Any]:
    return row["track_id"], row["timestamp"]


def _print_lines(follower: Follower, n: int, interval: float, names: list[str] | None, style: str) -> None:
    head = names or follower.reader.columns
    if style == "csv":
        _print_csv([head])
    rows = follower.last(n)
    while True:
        for row in rows:
            if style == "csv":
                _print_csv([[spelt(row.get(name)) for name in head]])
            else:
                tell(json_line({name: row.get(name) for name in names or row}))
        sys.stdout.flush()
        time.sleep(interval)
        rows = follower.new()


def _print_csv(lines: Sequence[Sequence[str]]) -> None:
    import csv

    csv.writer(sys.stdout, lineterminator="\n").writerows(lines)
