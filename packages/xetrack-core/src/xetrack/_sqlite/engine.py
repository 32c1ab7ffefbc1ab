"""The SQLite engine, the default: one transaction per call, durable when the call returns."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from xetrack._spec.engine import run_key
from xetrack._spec.hooks import hookimpl
from xetrack._spec.provider import Context, Provider
from xetrack._spec.types import BigInt, Row, Run, Value
from xetrack._sqlite import run_table, triggers
from xetrack._sqlite.amend import amend
from xetrack._sqlite.backup import backup
from xetrack._sqlite.cells import (
    EXTRA,
    cell,
    declared_type,
    fits,
    pack,
    put_extra,
    quote,
    same,
    type_fits,
)
from xetrack._sqlite.connection import Database
from xetrack._sqlite.errors import translate
from xetrack._sqlite.insert import Inserts
from xetrack._sqlite.queries import Queries
from xetrack._sqlite.schema import Schema
from xetrack._util.arguments import number
from xetrack._util.interrupts import block

__all__ = ["SqliteEngine", "SqliteOptions", "xetrack_engines"]

_LONGEST = 2_000_000  # seconds, in milliseconds almost as much as SQLite can wait


@dataclass(frozen=True, slots=True)
class SqliteOptions:
    """Options of trackers and readers with `engine="sqlite"`.

    Attributes:
        timeout: seconds to wait for another connection's write before raising `DatabaseLockedError`.
    """

    timeout: float = 60.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "timeout", number("timeout", self.timeout, 0, _LONGEST))  # of NumPy, some overflow


class SqliteEngine(Queries):
    """Rows in a SQLite file or in memory, shared by threads and processes. Implements `Engine`; `Queries` reads."""

    def __init__(self, db: str, options: SqliteOptions | None = None, *, read_only: bool = False) -> None:
        timeout = (options or SqliteOptions()).timeout
        super().__init__(Database(db, read_only=read_only, timeout=timeout, setup=self._setup))
        self._inserts = Inserts(self._schema)

    @staticmethod
    def _setup(connection: sqlite3.Connection, writable: bool) -> None:
        Schema().load(connection)  # refuses a file from the future before anything touches it
        if writable:
            connection.create_function("xetrack_put", 3, put_extra, deterministic=True)
            connection.create_function("xetrack_same", 4, same, deterministic=True)

    @property
    def conn(self) -> sqlite3.Connection:
        """The connection for users' SQL. The file is attached as `db`, read-only in a reader."""
        return self.database.users_connection()

    @property
    def sql(self) -> Database:
        """The tables in the file, for plugins that keep their own there. See `SqlTables`."""
        return self.database

    def backup(self, path: str, *, overwrite: bool = False, progress: Callable[[int, int], None] | None = None) -> None:
        """Write everything committed to another file. See `Reader.backup`."""
        backup(self.database, path, overwrite=overwrite, progress=progress)

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
                    self._schema.refresh(cursor)
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
        return self._schema.refresh(cursor)

    @block
    def transaction(self, tables: Sequence[str] | None = None) -> Iterator[None]:
        """Commit everything written inside the block together, or nothing if it raises. Locks all `tables` alike."""
        with self._writing():
            yield

    @block
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            with self.database.transaction() as connection:
                self._schema.refresh(connection)
                yield connection
        except BaseException:
            self._schema.version = None  # tables and columns created inside are gone
            raise

    def merge(self, table: str, rows: Sequence[Row]) -> list[Row]:
        """Store the rows that are missing, and return them."""
        with self._writing() as connection:
            return self._inserts.merge(connection, table, rows)

    def amend(self, table: str, rows: Sequence[Row]) -> list[Row]:
        """Set the keys of stored rows, and return those that differed."""
        with self._writing() as connection:
            return amend(connection, self._schema, table, rows)

    def set_metadata(self, texts: Mapping[str, str | None]) -> None:
        """Store texts by key, or remove those that are None."""
        with self._writing() as connection:
            self._schema.make_records(connection)
            connection.executemany(
                "INSERT INTO db.xetrack_meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                [(key, text) for key, text in texts.items() if text is not None],
            )
            removed = [(key,) for key, text in texts.items() if text is None]
            connection.executemany("DELETE FROM db.xetrack_meta WHERE key = ?", removed)

    def update(
        self, table: str, key: str, value: Value, *, track_id: str | None = None, where: tuple[str, Value] | None = None
    ) -> int:
        """Set `key` in the matching rows of a table, and return their number."""
        if not self.database.exists:
            return 0
        with self._writing() as connection:
            if not self._schema.has(table):
                return 0
            name = self._schema.name(table)
            condition, bound = _condition(self._schema.columns(table), track_id, where)
            if connection.execute(f"SELECT 1 FROM {name} WHERE {condition} LIMIT 1", bound).fetchone() is None:
                return 0  # without adding a column
            columns = self._schema.make(connection, table, {key: declared_type(value)})
            extra = None if key in columns and fits(value, columns[key]) else pack({key: value})
            if extra is not None:
                columns = self._schema.make(connection, table, {EXTRA: "JSON TEXT"})
            setters: list[str] = []
            values: list[Value] = []
            if key in columns:
                setters.append(f"{quote(key)} = ?")
                values.append(cell(value))
            if EXTRA in columns:
                setters.append(f"{EXTRA} = xetrack_put({EXTRA}, ?, ?)")
                values += [key, extra]
            sql = f"UPDATE {name} SET {', '.join(setters)} WHERE {condition}"
            return connection.execute(sql, [*values, *bound]).rowcount

    def delete(self, table: str, track_id: str) -> int:
        """Delete a run, and return its number of rows."""
        if not self.database.exists:
            return 0
        with self._writing() as connection:
            if not self._schema.has(table):
                return 0
            sql = f"DELETE FROM {self._schema.name(table)} WHERE track_id = ?"
            if not self._schema.recorded:
                return connection.execute(sql, (track_id,)).rowcount
            self._schema.make_records(connection)
            summaries = self._summaries(connection, table)
            summaries.advance()
            gone = connection.execute(sql, (track_id,)).rowcount
            summaries.delete(track_id)
            run_table.forget(connection, self._schema.physical(table), track_id)
            _forget_metadata(connection, run_key(table, track_id))
            return gone

    def drop(self, table: str) -> None:
        """Delete a table and the records of its runs."""
        if not self.database.exists:
            return
        with self._writing() as connection:
            if self._schema.has(table):
                if self._schema.recorded:
                    run_table.forget(connection, self._schema.physical(table))
                    _forget_metadata(connection, run_key(table))
                self._schema.drop(connection, table)
                self._positions.forget()

    def save_run(self, run: Run) -> None:
        """Record that `run` started, or was resumed."""
        with self._writing() as connection:
            self._schema.make_records(connection)
            run_table.save(connection, replace(run, table=self._schema.physical(run.table)))

    def finish_run(self, run: Run) -> None:
        """Record how `run` ended, unless its file is lost and an earlier call has said so."""
        if self.database.is_lost:
            return
        self.database.check(now=True)
        with self._writing() as connection:
            if self._schema.recorded and self._schema.has(run.table):
                self._schema.make_records(connection)
                named = replace(run, table=self._schema.physical(run.table))
                if run_table.finish(connection, named):
                    self._summaries(connection, run.table).finish(run)
                triggers.prune(connection)

    def flush(self) -> bool:
        """Move the write-ahead log into the file. Return False if another reader kept part of it."""
        return self.database.flush()

    def close(self) -> None:
        """Flush and close."""
        self.database.close()

    def let_go(self) -> None:
        """Prepare for being closed once nobody uses `conn` or a store of objects. See `Engine`."""
        self.database.let_go()

    def __del__(self) -> None:
        """Release what keeps the database alive, if it could be opened."""
        if hasattr(self, "database"):
            self.database.release_users_connection()


def _forget_metadata(connection: sqlite3.Connection, prefix: str) -> None:
    after = prefix[:-1] + chr(ord(prefix[-1]) + 1)  # the first text that does not begin with the prefix
    connection.execute("DELETE FROM db.xetrack_meta WHERE key >= ? AND key < ?", (prefix, after))


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
        there = f"+{quote(key)}" if key in columns else "NULL"  # the plus prevents type conversions
        plain = f"{there} IS ?" if _comparable(value, columns.get(key, "")) else "? AND 0"
        if EXTRA in columns:
            parts.append(f"CASE WHEN {EXTRA} IS NULL THEN {plain} ELSE xetrack_same({EXTRA}, ?, {there}, ?) END")
            bound += [cell(value), key, pack({key: value})]
        else:
            parts.append(plain)
            bound.append(cell(value))
    return " AND ".join(parts) or "1", bound


def _comparable(value: Value, declared: str) -> bool:
    """Whether SQLite compares `value` with cells of this type as Python does: not so for NaN, or text and JSON."""
    if isinstance(value, (str, BigInt)):
        return type_fits(type(value), declared)
    return value == value


def _open(options: SqliteOptions, context: Context) -> SqliteEngine:
    return SqliteEngine(context.db, options, read_only=context.read_only)


@hookimpl
def xetrack_engines() -> list[Provider[SqliteEngine]]:
    """The engine named "sqlite"."""
    return [Provider("sqlite", _open, SqliteOptions, schemes=(), errors=("sqlite3.Error",))]
