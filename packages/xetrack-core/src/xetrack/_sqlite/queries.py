"""The reading half of the SQLite engine."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence

from xetrack._rows.runs import process_is_gone
from xetrack._spec.changes import Batch, Changes
from xetrack._spec.types import Columns, Run, Value
from xetrack._sqlite import run_table
from xetrack._sqlite.cells import EXTRA, quote, restore_rows, unpack
from xetrack._sqlite.changes import Watermark, changed_runs, newest_watermark, snapshot
from xetrack._sqlite.connection import Database
from xetrack._sqlite.dialect import SQLITE, EventTable
from xetrack._sqlite.errors import FAILURES, translate
from xetrack._sqlite.fetch import Cells, fetch, fetch_table, run_aside
from xetrack._sqlite.positions import Positions, chosen
from xetrack._sqlite.schema import Schema
from xetrack._sqlite.summaries import Summaries
from xetrack._util.gc_pause import paused_gc
from xetrack._util.paths import MEMORY

__all__ = ["Queries"]

_NEWEST = 1000  # rows of a table to search first for the last ones of a run


class Queries:
    """Reads rows, columns and runs. A table that does not exist, or a file, has none."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._schema = Schema()
        self._positions = Positions(database)

    def read(
        self, table: str, *, track_id: str | None = None, head: int | None = None, tail: int | None = None
    ) -> Columns:
        """Return rows in the order of insertion: the last `tail` of the first `head` if both are given."""
        if head is None and tail is None:
            if track_id is None:
                columns, cells = self._select_all(table)
            else:
                columns, cells = self._select(table, "WHERE track_id = ? ORDER BY _rowid_", [track_id])
        elif head is None and tail is not None:
            columns, cells = self._last(table, track_id, max(tail, 0))
        elif head is not None and tail is None and track_id is None:
            columns, cells = self._select(table, "ORDER BY _rowid_ LIMIT ?", [max(head, 0)])
        else:
            columns, cells = self._between(table, track_id, head, tail)
        return restore_rows(columns, cells)

    def _last(self, table: str, track_id: str | None, rows: int) -> tuple[dict[str, str], Cells]:
        """Read the last `rows`. They are usually among the newest rows of the table."""
        run, bound = ("1", []) if track_id is None else (f"_rowid_ > ? - {_NEWEST} AND +track_id = ?", [track_id])

        def fetch_them(connection: sqlite3.Connection, names: list[str], name: str) -> Cells:
            newest = connection.execute(f"SELECT max(_rowid_) FROM {name}").fetchone() if bound else ()
            rest = f"FROM {name} WHERE {run} ORDER BY _rowid_ DESC LIMIT ?"
            return fetch(connection, names, rest, [*newest, *bound, rows])

        columns, cells = self._fetched(table, fetch_them)
        if track_id is not None and cells and len(cells[0]) < rows:
            return self._between(table, track_id, None, rows)
        return columns, [values[::-1] for values in cells]

    def _between(
        self, table: str, track_id: str | None, head: int | None, tail: int | None
    ) -> tuple[dict[str, str], Cells]:
        """Read the last `tail` of the first `head` rows, found by their rowids."""

        def fetch_them(connection: sqlite3.Connection, names: list[str], name: str) -> Cells:
            rowids = chosen(self._positions.find(name, track_id), head, tail)
            # the plus makes SQLite search by rowid, not by run; rows of other runs may lie in between
            run, bound = ("1", []) if track_id is None else ("+track_id = ?", [track_id])
            bounds = [rowids[0], rowids[-1]] if rowids else [1, 0]
            rest = f"FROM {name} WHERE _rowid_ BETWEEN ? AND ? AND {run} ORDER BY _rowid_"
            return fetch(connection, names, rest, [*bounds, *bound])

        return self._fetched(table, fetch_them)

    def scan(self, table: str, size: int = 10_000, *, track_id: str | None = None) -> Iterator[Columns]:
        """Iterate over the rows of a table or run, `size` at a time, without holding a lock in between."""
        return (columns for _, columns in self._blocks(table, size, track_id=track_id))

    def _blocks(
        self, table: str, size: int, *, track_id: str | None = None, after: int = -1 << 63, until: int = (1 << 63) - 1
    ) -> Iterator[tuple[int, Columns]]:
        """Iterate over rows between two rowids, each block with its last rowid."""
        run, bound = ("", []) if track_id is None else (" AND track_id = ?", [track_id])
        rest = f"WHERE _rowid_ > ? AND _rowid_ <= ?{run} ORDER BY _rowid_ LIMIT ?"
        while after < until:
            columns, cells = self._select(table, rest, [after, until, *bound, size], also=["_rowid_"])
            if not cells or not cells[-1]:
                return
            after = cells.pop()[-1]
            yield after, restore_rows(columns, cells)

    def changes(self, table: str, since: str | None = None, size: int = 10_000) -> Changes:
        """Return what happened to a table since a watermark. See `Engine.changes`."""
        with self.database.lock:
            if not self._known(table):
                return Changes(True, (), iter(()), 0, str(Watermark()))
            connection, physical = self.database.connection(), self._schema.physical(table)
            try:
                with snapshot(connection):
                    now = newest_watermark(connection, physical)
                    old = Watermark.parse(since or "")
                    runs = changed_runs(connection, physical, old) if old else None
            except FAILURES as error:
                raise translate(error, self.database.path) from error
            batches = self._batches(table, size, old.last if old and runs is not None else -1 << 63, now)
            expected = now.last - (old.last if old and runs is not None else 0)
            return Changes(runs is None, runs or (), batches, expected, str(now))

    def _batches(self, table: str, size: int, after: int, now: Watermark) -> Iterator[Batch]:
        for last, rows in self._blocks(table, size, after=after, until=now.last):
            track_id, timestamp = (str(rows[key][-1]) for key in ("track_id", "timestamp"))
            yield Batch(rows, str(now._replace(last=last, track_id=track_id, timestamp=timestamp)))

    def metadata(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the texts that `set_metadata` stored under these keys."""
        with self.database.lock:
            self._known("")
            if not self._schema.recorded:
                return {}
            sql = "SELECT key, value FROM db.xetrack_meta WHERE key IN (SELECT value FROM json_each(?))"
            return {key: str(value) for key, value in self.database.query(sql, (json.dumps(list(keys)),))}

    def _select(
        self, table: str, rest: str, bound: Sequence[Value], *, also: Sequence[str] = ()
    ) -> tuple[dict[str, str], Cells]:
        """Read some rows: the columns of `table` and their cells, followed by the cells of the columns in `also`."""
        return self._fetched(
            table, lambda connection, names, name: fetch(connection, [*names, *also], f"FROM {name} {rest}", bound)
        )

    def _select_all(self, table: str) -> tuple[dict[str, str], Cells]:
        """Read the columns of `table` and all of their cells."""
        with self.database.lock:
            # inside a transaction this thread holds the lock, so another thread could not read. In memory, users share
            # the connection: their query would hold the GIL and wait for SQLite, which waits for our function
            if self.database.depth or self.database.path == MEMORY:
                return self._select(table, "ORDER BY _rowid_", ())
        return run_aside(
            lambda stop: self._fetched(
                table, lambda connection, names, name: fetch_table(connection, names, name, stop)
            )
        )

    def _fetched(
        self, table: str, how: Callable[[sqlite3.Connection, list[str], str], Cells]
    ) -> tuple[dict[str, str], Cells]:
        with self.database.lock, paused_gc():
            if not self._known(table):
                return {}, []
            columns = dict(self._schema.columns(table))  # a copy: a signal handler may log new ones
            try:
                cells = how(self.database.connection(), list(map(quote, columns)), self._schema.name(table))
            except FAILURES as error:
                raise translate(error, self.database.path) from error
            return columns, cells

    def _known(self, table: str) -> bool:
        """Whether the table exists now. The file may not exist yet."""
        if not self.database.exists:
            return False
        try:
            self._schema.refresh(self.database.connection())
        except FAILURES as error:
            raise translate(error, self.database.path) from error
        return self._schema.has(table)

    def count(self, table: str, track_id: str | None = None) -> int:
        """Count the rows of a table or run."""
        with self.database.lock:
            if not self._known(table):
                return 0
            name = self._schema.name(table)
            if self._positions.knows(name, track_id):
                return len(self._positions.find(name, track_id))
            where, bound = ("", []) if track_id is None else ("WHERE track_id = ?", [track_id])
            ((rows,),) = self.database.query(f"SELECT count(*) FROM {name} {where}", bound)
            return int(rows)

    def tables(self) -> list[str]:
        """List the tables of events, sorted. The `default` table of 0.x files is called `events`."""
        with self.database.lock:
            self._known("")
            return self._schema.tables()

    def columns(self, table: str) -> dict[str, str]:
        """Return each key with its column's type, or with "" if it occurs only in extras."""
        with self.database.lock:
            if not self._known(table):
                return {}
            columns = dict(self._schema.columns(table))
            if columns.pop(EXTRA, None):
                name = self._schema.name(table)
                extras = self.database.query(f"SELECT DISTINCT {EXTRA} FROM {name} WHERE {EXTRA} IS NOT NULL")
                columns |= {key: "" for (text,) in extras for key in unpack(text) if key not in columns}
            return columns

    def latest_run(self, table: str) -> str | None:
        """Return the run whose row was inserted last."""
        with self.database.lock:
            if not self._known(table):
                return None
            sql = f"SELECT track_id FROM {self._schema.name(table)} ORDER BY _rowid_ DESC LIMIT 1"
            return next((str(track_id) for (track_id,) in self.database.query(sql)), None)

    def has_assets(self) -> bool:
        """Whether the file holds logged objects."""
        with self.database.lock:
            self._known("")
            if not self._schema.assets:
                return False
            return bool(self.database.query("SELECT EXISTS (SELECT 1 FROM db.counts)")[0][0])

    def runs(self, table: str, *, limit: int | None = None, track_ids: Sequence[str] | None = None) -> list[Run]:
        """List runs, most recently active first. See `Engine.runs`."""
        limit = None if limit is None else max(limit, 0)
        with self.database.lock, paused_gc():
            if not self._known(table) and not self._schema.recorded:
                return []
            connection = self.database.connection()
            try:
                with snapshot(connection):
                    found = self._runs(connection, table, limit, track_ids)
            except FAILURES as error:
                raise translate(error, self.database.path) from error
            shown = self._schema.shown(self._schema.physical(table))
            for run in found:
                run.table = shown
            return found

    def _runs(
        self, connection: sqlite3.Connection, table: str, limit: int | None, track_ids: Sequence[str] | None
    ) -> list[Run]:
        physical = self._schema.physical(table)
        if not self._known(table):
            return run_table.records(
                connection, physical, limit=limit, track_ids=track_ids, with_offsets=self._schema.offsets
            )
        summaries = self._summaries(connection, table)
        totals = (summaries.read if self._schema.current else summaries.recount)(limit, track_ids)
        some = None if limit is None and track_ids is None else list(totals)
        runs: dict[str, Run] = {}
        if self._schema.recorded:
            known = run_table.records(connection, physical, track_ids=some, with_offsets=self._schema.offsets)
            runs = {run.track_id: run for run in known}
        found: list[Run] = []
        for track_id, (rows, first, last, _, values) in totals.items():
            run = runs.get(track_id) or Run(track_id, physical, status="")
            run.rows, run.first, run.last, run.values = rows, first, last, values
            run.status = "crashed" if process_is_gone(run) else run.status
            found.append(run)
        return found

    def _summaries(self, connection: sqlite3.Connection, table: str) -> Summaries:
        columns = dict(self._schema.columns(table))  # a copy: a signal handler may log new ones
        return Summaries(connection, self._schema.physical(table), columns)

    def event_table(self, table: str) -> EventTable | None:
        """Return a table for queries; None if it does not exist. See `Engine`."""
        with self.database.lock:
            if not self._known(table):
                return None
            columns = dict(self._schema.columns(table))
            return EventTable(self._schema.name(table), columns, SQLITE, self.database.query)
