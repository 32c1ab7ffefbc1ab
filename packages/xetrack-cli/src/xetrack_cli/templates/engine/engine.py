"""The engine: tables of events in an SQL database."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from xetrack.plugin import (
    EXTRA,
    IDENTITY,
    Batch,
    Changes,
    Columns,
    Json,
    Row,
    Run,
    Value,
    fits,
    normal_type,
    quote,
    run_key,
)

from . import feed, runs
from .connection import Connection
from .tables import CREATE_EVENTS, SEQUENCE, join, name_of, new_columns, split, table_of

__all__ = ["SqlEngine"]


class SqlEngine:
    """Stores rows in SQL tables, shared by threads and processes. Implements `xetrack.plugin.Engine`."""

    def __init__(self, db: str, timeout: float = 60.0, *, read_only: bool = False) -> None:
        self._connection = Connection(db, timeout, read_only=read_only)

    @property
    def conn(self) -> Any:
        """The driver's connection, with the data as `db`."""
        return self._connection.raw()

    def transaction(self, tables: Sequence[str] | None = None) -> AbstractContextManager[None]:
        """Keep all changes made inside, or none. A server may lock `tables` only."""
        return self._connection.transaction()

    # Writing

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Store rows; a taken timestamp advances, in the caller's row too."""
        with self.transaction():
            columns = self._make(table, rows)
            for row in rows:
                while not self._insert(table, columns, row):
                    row["timestamp"] = self._free_time(table, row)

    def merge(self, table: str, rows: Sequence[Row]) -> list[Row]:
        """Store the rows that are new, and return them."""
        with self.transaction():
            columns = self._make(table, rows)
            return [row for row in rows if self._insert(table, columns, row)]

    def _insert(self, table: str, columns: Mapping[str, str], row: Row) -> bool:
        """Store a row; return False if its time is taken.

        A server is much faster with many rows in one statement: COPY, or INSERT with several VALUES.
        """
        cells = split(row, columns)
        names, places = ", ".join(map(quote, cells)), ", ".join("?" * len(cells))
        sql = f"INSERT INTO {table_of(name_of(table))} ({names}) VALUES ({places}) ON CONFLICT DO NOTHING"
        return self._connection.execute(sql, [*cells.values()]).rowcount > 0

    def _free_time(self, table: str, row: Row) -> str:
        """Return the first time, from the row's on, that no row of its run has."""
        free = str(row["timestamp"])
        sql = f"SELECT timestamp FROM {table_of(name_of(table))} WHERE track_id = ? AND timestamp >= ? ORDER BY 1"
        for (taken,) in self._connection.execute(sql, (row["track_id"], free)):
            if taken != free:
                break
            free = (datetime.fromisoformat(free) + timedelta(microseconds=1)).isoformat(" ", "microseconds")
        return free

    def _make(self, table: str, rows: Sequence[Row]) -> dict[str, str]:
        """Create the table and columns that rows need; return all columns with their types."""
        if not rows:
            return {}
        name = name_of(table)
        if not self._types(table):
            self._connection.execute(f"CREATE TABLE {table_of(name)} {CREATE_EVENTS}")
            feed.note(self._connection, name, None)
        for key, declared in new_columns(rows, self._types(table)).items():
            self._connection.execute(f"ALTER TABLE {table_of(name)} ADD COLUMN {quote(key)} {declared}")
        return {key: normal_type(declared) for key, declared in self._types(table).items() if key != EXTRA}

    def update(
        self, table: str, key: str, value: Value, *, track_id: str | None = None, where: tuple[str, Value] | None = None
    ) -> int:
        """Set `key` in matching rows, and return their number."""
        with self.transaction():
            chosen = {
                number: row
                for number, row in self._candidates(table, track_id, where).items()
                if where is None or _same(row.get(where[0]), where[1])
            }
            self._rewrite(table, {number: {**row, key: value} for number, row in chosen.items()})
            return len(chosen)

    def _candidates(self, table: str, track_id: str | None, where: tuple[str, Value] | None) -> dict[int, Row]:
        """Return the rows that may match, by their numbers. SQL's equality is not ours, so it only narrows them."""
        types = self._types(table)
        conditions, bound = ["1"], list[Value]()
        if track_id is not None:
            conditions, bound = [*conditions, "track_id = ?"], [track_id]
        if where and where[0] in types and fits(where[1], normal_type(types[where[0]])):
            conditions, bound = [*conditions, f"({quote(where[0])} IS ? OR {EXTRA} IS NOT NULL)"], [*bound, where[1]]
        return self._numbered(table, f"WHERE {' AND '.join(conditions)}", bound)

    def amend(self, table: str, rows: Sequence[Row]) -> list[Row]:
        """Set the keys of stored rows, and return the keys that differed, with the identity of their rows."""
        different: list[Row] = []
        with self.transaction():
            for row in rows:
                identity = {key: row[key] for key in IDENTITY}
                stored = self._numbered(table, "WHERE timestamp = ? AND track_id = ?", [*identity.values()])
                for number, old in stored.items():
                    values = {key: value for key, value in row.items() if repr(old.get(key)) != repr(value)}
                    if values:
                        self._rewrite(table, {number: {**old, **values}})
                        different.append({**values, **identity})
        return different

    def _numbered(self, table: str, rest: str, bound: Sequence[Value]) -> dict[int, Row]:
        columns, numbers = self._select(table, rest, bound)
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        return dict(zip(numbers, rows, strict=True))

    def _rewrite(self, table: str, rows: Mapping[int, Row]) -> None:
        """Replace stored rows."""
        known: dict[int, Row] = {
            number: {key: value for key, value in row.items() if value is not None} for number, row in rows.items()
        }
        columns = self._make(table, [*known.values()])
        for number, row in known.items():
            cells = dict.fromkeys([*columns, EXTRA]) | split(row, columns)
            setters = ", ".join(f"{quote(key)} = ?" for key in cells)
            sql = f"UPDATE {table_of(name_of(table))} SET {setters} WHERE {SEQUENCE} = ?"
            self._connection.execute(sql, [*cells.values(), number])
        for run in {str(row["track_id"]) for row in rows.values()}:
            feed.note(self._connection, name_of(table), run)

    def delete(self, table: str, track_id: str) -> int:
        """Delete a run, and return its number of rows."""
        with self.transaction():
            name = name_of(table)
            self._connection.execute(
                "DELETE FROM db.xetrack_runs WHERE track_id = ? AND event_table = ?", (track_id, name)
            )
            self._forget_metadata(run_key(table, track_id))
            if not self._types(table):
                return 0
            feed.note(self._connection, name, track_id)
            return self._connection.execute(f"DELETE FROM {table_of(name)} WHERE track_id = ?", (track_id,)).rowcount

    def drop(self, table: str) -> None:
        """Delete a table and its runs."""
        with self.transaction():
            name = name_of(table)
            self._connection.execute("DELETE FROM db.xetrack_runs WHERE event_table = ?", (name,))
            self._forget_metadata(run_key(table))
            if self._types(table):
                self._connection.execute(f"DROP TABLE {table_of(name)}")
                feed.note(self._connection, name, None)

    def set_metadata(self, texts: Mapping[str, str | None]) -> None:
        """Store texts by key, or remove those that are None."""
        with self.transaction():
            for key, text in texts.items():
                self._connection.execute("DELETE FROM db.xetrack_meta WHERE key = ?", (key,))
                if text is not None:
                    self._connection.execute("INSERT INTO db.xetrack_meta VALUES (?, ?)", (key, text))

    def _forget_metadata(self, prefix: str) -> None:
        sql = "DELETE FROM db.xetrack_meta WHERE substr(key, 1, ?) = ?"
        self._connection.execute(sql, (len(prefix), prefix))

    def save_run(self, run: Run) -> None:
        """Record that a run is running."""
        with self.transaction():
            runs.save(self._connection, run, name_of(run.table))

    def finish_run(self, run: Run) -> None:
        """Record how a run ended."""
        with self.transaction():
            runs.finish(self._connection, run, name_of(run.table))

    # Reading

    def _types(self, table: str) -> dict[str, str]:
        """Return the columns of a table with their declared types; nothing if it does not exist."""
        # A server: information_schema.columns.
        found = self._connection.rows("SELECT name, type FROM pragma_table_info(?, 'db')", (name_of(table),))
        return {key: declared for key, declared in found if key != SEQUENCE}

    def _select(self, table: str, rest: str = "", bound: Sequence[Value] = ()) -> tuple[Columns, list[int]]:
        """Return rows, and their numbers."""
        with self._connection.snapshot():
            types = self._types(table)
            if not types:
                return {}, []
            names = [SEQUENCE, *types]
            sql = f"SELECT {', '.join(map(quote, names))} FROM {table_of(name_of(table))} {rest}"
            found = sorted(self._connection.rows(sql, bound))
            return join([*types], types, [row[1:] for row in found]), [row[0] for row in found]

    def read(
        self, table: str, *, track_id: str | None = None, head: int | None = None, tail: int | None = None
    ) -> Columns:
        """Return rows in insertion order."""
        run, bound = ("", []) if track_id is None else ("WHERE track_id = ?", [track_id])
        name = table_of(name_of(table))
        first = f"SELECT {SEQUENCE} FROM {name} {run} ORDER BY {SEQUENCE} LIMIT {-1 if head is None else max(head, 0)}"
        last = f"SELECT * FROM ({first}) ORDER BY {SEQUENCE} DESC LIMIT {-1 if tail is None else max(tail, 0)}"
        return self._select(table, f"WHERE {SEQUENCE} IN ({last})", bound)[0]

    def scan(self, table: str, size: int = 10_000, *, track_id: str | None = None) -> Iterator[Columns]:
        """Yield rows in insertion order, `size` at a time."""
        return (columns for columns, _ in self._chunks(table, size, track_id))

    def _chunks(
        self, table: str, size: int, track_id: str | None = None, after: int = 0, until: int = 2**63 - 1
    ) -> Iterator[tuple[Columns, int]]:
        run, bound = ("", []) if track_id is None else (" AND track_id = ?", [track_id])
        rest = f"WHERE {SEQUENCE} > ? AND {SEQUENCE} <= ?{run} ORDER BY {SEQUENCE} LIMIT ?"
        numbers = [after]
        while numbers:
            columns, numbers = self._select(table, rest, [numbers[-1], until, *bound, size])
            if numbers:
                yield columns, numbers[-1]

    def changes(self, table: str, since: str | None = None, size: int = 10_000) -> Changes:
        """Return what happened since a watermark."""
        name, old = name_of(table), feed.Watermark.parse(since)
        with self._connection.snapshot():
            if not self._types(table):
                return Changes(True, (), iter(()), 0, "")
            now = feed.newest(self._connection, name)
            changed = feed.changed_runs(self._connection, name, old, now)
            start = feed.Watermark() if changed is None else old
        batches = self._batches(table, size, start.last, now)
        return Changes(changed is None, changed or (), batches, now.last - start.last, str(now))

    def _batches(self, table: str, size: int, after: int, now: feed.Watermark) -> Iterator[Batch]:
        for columns, last in self._chunks(table, size, after=after, until=now.last):
            time, run = str(columns["timestamp"][-1]), str(columns["track_id"][-1])
            yield Batch(columns, str(now._replace(last=last, track_id=run, timestamp=time)))

    def metadata(self, keys: Sequence[str]) -> dict[str, str]:
        """Return stored texts by key."""
        return {key: value for key, value in self._connection.rows("SELECT * FROM db.xetrack_meta") if key in keys}

    def count(self, table: str, track_id: str | None = None) -> int:
        """Return the number of rows."""
        with self._connection.snapshot():
            if not self._types(table):
                return 0
            sql = f"SELECT count(*) FROM {table_of(name_of(table))} WHERE ? IS NULL OR track_id = ?"
            return int(self._connection.rows(sql, (track_id, track_id))[0][0])

    def tables(self) -> list[str]:
        """Return the names of tables, sorted."""
        found = self._connection.rows("SELECT name FROM db.sqlite_master WHERE type = 'table'")
        return sorted(name for (name,) in found if not name.startswith(("xetrack_", "sqlite_")))

    def columns(self, table: str) -> dict[str, str]:
        """Return keys and their types; "" for keys that only the extra has."""
        types = {key: normal_type(declared) for key, declared in self._types(table).items() if key != EXTRA}
        extras = self._select(table, f"WHERE {EXTRA} IS NOT NULL")[0] if types else {}
        return {**types, **{key: "" for key in extras if key not in types}}

    def runs(self, table: str, *, limit: int | None = None, track_ids: Sequence[str] | None = None) -> list[Run]:
        """Return runs, most recently active first."""
        with self._connection.snapshot():
            listed = runs.list_runs(self._connection, name_of(table)) if self._types(table) else []
            found = [run for run in listed if track_ids is None or run.track_id in track_ids][:limit]
            runs.add_values(found, self.scan(table))
            return found

    def latest_run(self, table: str) -> str | None:
        """Return the most recently active run."""
        return next((str(run) for run in self.read(table, tail=1).get("track_id", [])), None)

    def has_assets(self) -> bool:
        """Return False: the engine stores no objects."""
        self._connection.raw()
        return False

    def flush(self) -> bool:
        """Move the write-ahead log into the file. A server has nothing to flush: return True."""
        if self._connection.depth or self._connection.read_only:
            return True
        ((busy, _, _),) = self._connection.rows("PRAGMA db.wal_checkpoint(TRUNCATE)")
        return not busy

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _same(mine: Value, wanted: Value) -> bool:
    """Whether `where` matches: as in Python, but NaN matches NaN, and text is not JSON."""
    if type(mine) is type(wanted):
        return mine == wanted or repr(mine) == repr(wanted)
    return Json not in {type(mine), type(wanted)} and mine == wanted
