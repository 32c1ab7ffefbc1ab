"""The SQLite engine, the default: one transaction a call, durable when the call returns."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from xetrack._spec.hooks import hookimpl
from xetrack._spec.provider import Context, Provider
from xetrack._spec.types import BigInt, Columns, Row, Run, Value
from xetrack._sqlite import run_table
from xetrack._sqlite.cells import (
    EXTRA,
    cell,
    declared_type,
    fits,
    load_extra,
    pack,
    put_extra,
    quote,
    restore,
    same,
    type_fits,
    unpack,
)
from xetrack._sqlite.connection import Database
from xetrack._sqlite.errors import FAILURES, translate
from xetrack._sqlite.fetch import Cells, fetch, fetch_table, run_aside
from xetrack._sqlite.insert import Inserts
from xetrack._sqlite.positions import Positions, chosen
from xetrack._sqlite.schema import Schema
from xetrack._sqlite.user_connection import UsersConnection
from xetrack._util.arguments import number
from xetrack._util.garbage import paused_gc
from xetrack._util.interrupts import block
from xetrack._util.paths import MEMORY

__all__ = ["SqliteEngine", "SqliteOptions", "xetrack_engines"]

_LONGEST = 2_000_000  # seconds, in milliseconds almost as much as SQLite can wait
_NEWEST = 1000  # rows of a table among which the last ones of a run are looked for first


@dataclass(frozen=True, slots=True)
class SqliteOptions:
    """The options of trackers and readers that the engine "sqlite" claims.

    Attributes:
        timeout: seconds to wait while another connection writes, then `DatabaseLockedError` is raised.
    """

    timeout: float = 60.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "timeout", number("timeout", self.timeout, 0, _LONGEST))  # of NumPy, some overflow


class SqliteEngine:
    """Rows in a SQLite file, or in memory. Promises what `Engine` does, between threads and processes."""

    def __init__(self, db: str, options: SqliteOptions | None = None, *, read_only: bool = False) -> None:
        self._schema = Schema()
        self._inserts = Inserts(self._schema)
        self._conn: sqlite3.Connection | None = None
        timeout = (options or SqliteOptions()).timeout
        self.database = Database(db, read_only=read_only, timeout=timeout, setup=self._setup)
        self._positions = Positions(self.database)

    @staticmethod
    def _setup(connection: sqlite3.Connection, writable: bool) -> None:
        Schema().load(connection)  # refuses a file from the future before anything touches it
        if writable:
            connection.create_function("xetrack_put", 3, put_extra, deterministic=True)
            connection.create_function("xetrack_same", 4, same, deterministic=True)

    @property
    def conn(self) -> sqlite3.Connection:
        """A connection of the user's own; the file is attached as `db`, read-only for a reader."""
        self._conn = self.database.users_connection()  # which the database holds weakly
        return self._conn

    # Writing

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Store `rows`, all or none. See `Engine.append`."""
        database = self.database
        with database.lock:
            if database.depth:
                with self._writing() as connection:
                    self._inserts.insert(connection, table, rows)
                return
            # inlined transaction(): every log() comes this way
            cursor = database.cursor()
            try:
                cursor.execute("BEGIN IMMEDIATE")
                try:
                    self._inserts.insert(cursor, table, rows)
                    stale = database.compilations.any and self._is_stale(cursor)
                except sqlite3.OperationalError:
                    stale = self._is_stale(cursor)
                    if not stale:
                        raise
                if stale:
                    cursor.execute("ROLLBACK")
                    cursor.execute("BEGIN IMMEDIATE")
                    self._inserts.look(cursor)
                    self._inserts.insert(cursor, table, rows)
                cursor.execute("COMMIT")
            except BaseException as error:
                database.undo(cursor.connection)
                self._schema.version = None
                if isinstance(error, sqlite3.Error):
                    raise translate(error, database.path) from error
                raise

    def _is_stale(self, cursor: sqlite3.Cursor) -> bool:
        """Whether others changed the schema since it was planned how the rows go in."""
        self.database.compilations.any = False
        return self._inserts.look(cursor)

    @block
    def transaction(self) -> Iterator[None]:
        """Commit what is written inside together, or nothing of it."""
        with self._writing():
            yield

    @block
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            with self.database.transaction() as connection:
                self._inserts.look(connection)
                yield connection
        except BaseException:
            self._schema.version = None  # tables and columns made inside are gone
            raise

    def merge(self, table: str, rows: Sequence[Row]) -> list[Row]:
        """Store those rows that are not there yet, and return them."""
        with self._writing() as connection:
            return [row for row in rows if self._inserts.merge(connection, table, row)]

    def update(
        self, table: str, key: str, value: Value, *, track_id: str | None = None, where: tuple[str, Value] | None = None
    ) -> int:
        """Set `key` in some rows of an existing table; return how many."""
        if not self.database.exists:
            return 0
        with self._writing() as connection:
            if not self._schema.has(table):
                return 0
            if not self._any(connection, table, track_id, where):
                return 0  # and makes no column
            columns = self._inserts.make_columns(connection, table, {key: declared_type(value)})
            packed = None if key in columns and fits(value, columns[key]) else pack({key: value})
            if packed is not None:
                columns = self._inserts.make_columns(connection, table, {EXTRA: "JSON TEXT"})
            changes: list[tuple[str, list[Value]]] = []
            if key in columns:
                changes.append((f"{quote(key)} = ?", [cell(value)]))
            if EXTRA in columns:
                changes.append((f"{EXTRA} = xetrack_put({EXTRA}, ?, ?)", [key, packed]))
            condition, bound = _condition(columns, track_id, where)
            setters = ", ".join(sql for sql, _ in changes)
            values = [item for _, items in changes for item in items]
            sql = f"UPDATE {self._schema.name(table)} SET {setters} WHERE {condition}"
            return connection.execute(sql, [*values, *bound]).rowcount

    def _any(
        self, connection: sqlite3.Connection, table: str, track_id: str | None, where: tuple[str, Value] | None
    ) -> bool:
        condition, bound = _condition(self._schema.columns(table), track_id, where)
        sql = f"SELECT EXISTS (SELECT 1 FROM {self._schema.name(table)} WHERE {condition})"
        return bool(connection.execute(sql, bound).fetchone()[0])

    def delete(self, table: str, track_id: str) -> int:
        """Delete a run; return how many rows it had."""
        if not self.database.exists:
            return 0
        with self._writing() as connection:
            if not self._schema.has(table):
                return 0
            sql = f"DELETE FROM {self._schema.name(table)} WHERE track_id = ?"
            gone = connection.execute(sql, (track_id,)).rowcount
            if self._schema.recorded:
                run_table.forget(self.database, self._schema.physical(table), track_id)
            return gone

    def drop(self, table: str) -> None:
        """Delete a table and the records of its runs."""
        if not self.database.exists:
            return
        with self._writing() as connection:
            if self._schema.has(table):
                if self._schema.recorded:
                    run_table.forget(self.database, self._schema.physical(table))
                self._schema.drop(connection, table)
                self._inserts.forget()
                self._positions.forget()

    # Reading

    def read(
        self, table: str, *, track_id: str | None = None, head: int | None = None, tail: int | None = None
    ) -> Columns:
        """Rows in the order of insertion; the last `tail` of the first `head` if both are given."""
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
        return _restored(columns, cells)

    def _last(self, table: str, track_id: str | None, rows: int) -> tuple[dict[str, str], Cells]:
        """The last `rows`, which most often are among the newest of the table."""
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
        """The last `tail` of the first `head`, found by their rowids."""

        def fetch_them(connection: sqlite3.Connection, names: list[str], name: str) -> Cells:
            rowids = chosen(self._positions.find(name, track_id), head, tail)
            # the plus has SQLite go by the rowids: rows of other runs may lie between
            run, bound = ("1", []) if track_id is None else ("+track_id = ?", [track_id])
            bounds = [rowids[0], rowids[-1]] if rowids else [1, 0]
            rest = f"FROM {name} WHERE _rowid_ BETWEEN ? AND ? AND {run} ORDER BY _rowid_"
            return fetch(connection, names, rest, [*bounds, *bound])

        return self._fetched(table, fetch_them)

    def scan(self, table: str, size: int = 10_000) -> Iterator[Columns]:
        """All rows, `size` at a time. No lock is held in between."""
        after = -1 << 63
        while True:
            rest = "WHERE _rowid_ > ? ORDER BY _rowid_ LIMIT ?"
            columns, cells = self._select(table, rest, [after, size], also=["_rowid_"])
            if not cells or not cells[-1]:
                return
            after = cells.pop()[-1]
            yield _restored(columns, cells)

    def _select(
        self, table: str, rest: str, bound: Sequence[Value], *, also: Sequence[str] = ()
    ) -> tuple[dict[str, str], Cells]:
        """The columns of `table` and the cells of each, and those of what else is asked for, of some rows."""
        return self._fetched(
            table, lambda connection, names, name: fetch(connection, [*names, *also], f"FROM {name} {rest}", bound)
        )

    def _select_all(self, table: str) -> tuple[dict[str, str], Cells]:
        """The columns of `table` and all cells of each."""
        with self.database.lock:
            # in a transaction the lock stays this thread's, so no other could read; and in memory the connection is the
            # user's as well, who may use it meanwhile: sqlite3 would wait for SQLite, and SQLite for our function
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
            columns = dict(self._schema.columns(table))  # as they are now: a handler of signals may log new ones
            try:
                cells = how(self.database.connection(), list(map(quote, columns)), self._schema.name(table))
            except FAILURES as error:
                raise translate(error, self.database.path) from error
            return columns, cells

    def _known(self, table: str) -> bool:
        """Whether there is such a table now, in a file that may not exist yet."""
        if not self.database.exists:
            return False
        try:
            self._inserts.look(self.database.connection())
        except FAILURES as error:
            raise translate(error, self.database.path) from error
        return self._schema.has(table)

    def count(self, table: str, track_id: str | None = None) -> int:
        """The number of rows."""
        with self.database.lock:
            if not self._known(table):
                return 0
            name = self._schema.name(table)
            if self._positions.knows(name, track_id):
                return len(self._positions.find(name, track_id))
            condition, bound = _condition({}, track_id, None)
            sql = f"SELECT count(*) FROM {name} WHERE {condition}"
            ((rows,),) = self.database.query(sql, bound)
            return int(rows)

    def tables(self) -> list[str]:
        """The tables that hold events; the one of 0.x files goes by its name of today."""
        with self.database.lock:
            self._known("")
            return self._schema.tables()

    def columns(self, table: str) -> dict[str, str]:
        """Keys that have a column, with their declared types, and those found in extras, with "" as theirs."""
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
        """The run whose row was inserted last."""
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

    # Runs

    def save_run(self, run: Run) -> None:
        """Record that `run` goes on."""
        with self._writing() as connection:
            self._schema.make_records(connection)
            run_table.save(self.database, replace(run, table=self._schema.physical(run.table)))

    def finish_run(self, run: Run) -> None:
        """Record how `run` ended, unless its file is lost and an earlier call has said so."""
        if self.database.is_lost:
            return
        self.database.check(now=True)
        with self._writing():
            if self._schema.recorded and self._schema.has(run.table):
                named = replace(run, table=self._schema.physical(run.table))
                run_table.finish(self.database, named, self._schema.columns(run.table))

    def runs(self, table: str) -> list[Run]:
        """Every run, newest first, from records and rows."""
        with self.database.lock:
            known, physical = self._known(table), self._schema.physical(table)
            if not known:
                return run_table.list_recorded(self.database, physical) if self._schema.recorded else []
            found = run_table.list_runs(
                self.database, physical, self._schema.columns(table), recorded=self._schema.recorded
            )
            return [replace(run, table=self._schema.shown(physical)) for run in found]

    def flush(self) -> bool:
        """Fold the write-ahead log into the file. False if another process's reader kept part of it back."""
        return self.database.flush()

    def close(self) -> None:
        """Flush and close."""
        self.database.close()

    def __del__(self) -> None:
        """Close the connection of a user who has let go of it: it would keep the database open."""
        conn, self._conn = getattr(self, "_conn", None), None
        if isinstance(conn, UsersConnection) and not conn.is_held():
            conn.close()

    def let_go(self) -> None:
        """Close once nobody holds the connection, or a store of objects: the tracker was forgotten."""
        self.database.let_go()


def _condition(
    columns: Mapping[str, str], track_id: str | None, where: tuple[str, Value] | None
) -> tuple[str, list[Value]]:
    parts: list[str] = []
    bound: list[Value] = []
    if track_id is not None:
        parts.append("track_id = ?")
        bound.append(track_id)
    if where is not None:
        key, value = where
        there = f"+{quote(key)}" if key in columns else "NULL"  # the plus keeps SQLite from converting what is compared
        plain = f"{there} IS ?" if _comparable(value, columns.get(key, "")) else "? AND 0"
        if EXTRA in columns:
            parts.append(f"CASE WHEN {EXTRA} IS NULL THEN {plain} ELSE xetrack_same({EXTRA}, ?, {there}, ?) END")
            bound += [cell(value), key, pack({key: value})]
        else:
            parts.append(plain)
            bound.append(cell(value))
    return " AND ".join(parts) or "1", bound


def _comparable(value: Value, declared: str) -> bool:
    """Whether SQLite compares `value` with cells of this type as Python would: no NaN, no text with JSON."""
    if isinstance(value, (str, BigInt)):
        return type_fits(type(value), declared)
    return value == value


def _restored(columns: Mapping[str, str], cells: Cells) -> Columns:
    """Cells as what was logged."""
    named = dict(zip(columns, cells, strict=False))
    extras = [(number, text) for number, text in enumerate(named.pop(EXTRA, ())) if text is not None]
    restored = {key: restore(values, columns[key]) for key, values in named.items()}
    load_extra(restored, extras, len(cells[0]) if cells else 0)
    return restored


def _open(options: SqliteOptions, context: Context) -> SqliteEngine:
    return SqliteEngine(context.db, options, read_only=context.read_only)


@hookimpl
def xetrack_engines() -> list[Provider[SqliteEngine]]:
    """The engine named "sqlite"."""
    return [Provider("sqlite", _open, SqliteOptions)]
