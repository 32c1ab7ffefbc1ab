"""The SQLite engine, the default: one transaction a call, durable when the call returns."""

import gc
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from xetrack.engines import runlog
from xetrack.engines.database import Database, translate
from xetrack.engines.schema import Schema
from xetrack.engines.sql import (
    EXTRA,
    declared_type,
    fits,
    load_extra,
    pack,
    put_extra,
    quote,
    restore,
    same,
    split,
    type_fits,
)
from xetrack.hookspecs import hookimpl
from xetrack.protocols import Columns, Context, Provider, Row, Run, Value
from xetrack.runs import MICROSECOND

__all__ = ["SqliteEngine", "SqliteOptions", "xetrack_engines"]

_MAX_PLANS = 4096


@dataclass(frozen=True, slots=True)
class SqliteOptions:
    """`timeout`: seconds to wait while another connection writes, 60 unless told otherwise."""

    timeout: float = 60.0


class _Plan(NamedTuple):
    """How rows of one shape (table, keys, types) go in."""

    sql: str
    floats: tuple[str, ...]  # keys whose value may be NaN
    exact: bool  # whether the columns give every value back as it is, NaN aside


class SqliteEngine:
    """Rows in a SQLite file, or in memory. Promises what `Engine` does, between threads and processes."""

    def __init__(self, db: str, options: SqliteOptions | None = None, *, read_only: bool = False) -> None:
        self._plans: dict[tuple[Any, ...], _Plan] = {}
        self._schema = Schema()
        timeout = (options or SqliteOptions()).timeout
        self.database = Database(db, read_only=read_only, timeout=timeout, setup=self._setup)

    @staticmethod
    def _setup(connection: sqlite3.Connection, writable: bool) -> None:  # noqa: FBT001 - called by Database alone
        Schema().load(connection)  # refuses a file from the future before anything touches it
        if writable:
            connection.create_function("xetrack_put", 3, put_extra, deterministic=True)
            connection.create_function("xetrack_same", 4, same, deterministic=True)

    @property
    def conn(self) -> sqlite3.Connection:
        """A connection of the user's own; the file is attached as `db`, read-only for a reader."""
        return self.database.users_connection()

    # Writing

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Store `rows`, all or none. See `Engine.append`."""
        database = self.database
        with database.lock:
            if database.depth:
                with self._writing() as connection:
                    self._insert(connection, table, rows)
                return
            # what transaction() does, spelt out: this is the path of every log()
            connection = database.connection()
            try:
                connection.execute("BEGIN IMMEDIATE")
                self._insert(connection, table, rows)
                connection.execute("COMMIT")
            except BaseException as error:
                database.undo(connection)
                self._schema.version = None
                if isinstance(error, sqlite3.Error):
                    raise translate(error, database.path) from error
                raise

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what is written inside together, or nothing of it."""
        with self._writing():
            yield

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            with self.database.transaction() as connection:
                self._look(connection)
                yield connection
        except BaseException:
            self._schema.version = None  # tables and columns made inside are gone
            raise

    def _look(self, connection: sqlite3.Connection) -> None:
        """Notice what others did to tables and columns."""
        if self._schema.refresh(connection):
            self._plans.clear()

    def _insert(self, connection: sqlite3.Connection, table: str, rows: Sequence[Row]) -> None:
        self._look(connection)
        if len(rows) == 1:
            self._insert_one(connection, table, rows[0])
            return
        for _, group in groupby(rows, _shape):
            self._insert_many(connection, table, list(group))

    def _insert_one(self, connection: sqlite3.Connection, table: str, row: Row) -> None:
        plan = self._plans.get((table, *_shape(row))) or self._plan(connection, table, row)
        try:
            if _goes_in_as_it_is(row, plan):
                connection.execute(plan.sql, [*row.values()])
            else:
                connection.execute(*self._with_extra(connection, table, row))
        except sqlite3.IntegrityError:
            free = self._free_time(connection, table, row)
            if free == row["timestamp"]:
                raise  # not a clash of times, but a rule that somebody else gave the table
            row["timestamp"] = free
            self._insert_one(connection, table, row)

    def _insert_many(self, connection: sqlite3.Connection, table: str, rows: list[Row]) -> None:
        plan = self._plans.get((table, *_shape(rows[0]))) or self._plan(connection, table, rows[0])
        if plan.exact and all(_goes_in_as_it_is(row, plan) for row in rows):
            connection.execute("SAVEPOINT many")
            try:
                connection.executemany(plan.sql, ([*row.values()] for row in rows))
            except sqlite3.IntegrityError:
                connection.execute("ROLLBACK TO many")
            else:
                return
            finally:
                connection.execute("RELEASE many")
        latest = ""
        for row in rows:
            if str(row["timestamp"]) <= latest:  # the row before was moved past this one
                row["timestamp"] = _later(latest)
            self._insert_one(connection, table, row)
            latest = str(row["timestamp"])

    def _free_time(self, connection: sqlite3.Connection, table: str, row: Row) -> str:
        """The first time from the row's on that no row of its run has."""
        taken = connection.execute(
            f"SELECT timestamp FROM {self._schema.name(table)} WHERE track_id = ? AND timestamp >= ? ORDER BY timestamp",
            (row["track_id"], row["timestamp"]),
        )
        free = str(row["timestamp"])
        for (time,) in taken:
            if time != free:
                break
            free = _later(free)
        return free

    def _plan(self, connection: sqlite3.Connection, table: str, row: Row) -> _Plan:
        columns = self._columns_for(connection, table, {key: declared_type(value) for key, value in row.items()})
        exact = all(key in columns and type_fits(type(value), columns[key]) for key, value in row.items())
        floats = tuple(key for key, value in row.items() if type(value) is float)
        if len(self._plans) >= _MAX_PLANS:
            self._plans.clear()
        plan = _Plan(_insert_sql(self._schema.name(table), row), floats, exact)
        self._plans[table, *_shape(row)] = plan
        return plan

    def _with_extra(self, connection: sqlite3.Connection, table: str, row: Row) -> tuple[str, list[Value]]:
        kept, extra = split(row, self._schema.columns(table))
        if extra is not None:
            self._columns_for(connection, table, {EXTRA: "JSON"})
            kept[EXTRA] = extra
        return _insert_sql(self._schema.name(table), kept), [*kept.values()]

    def _columns_for(self, connection: sqlite3.Connection, table: str, wanted: Mapping[str, str]) -> dict[str, str]:
        """The columns of `table`, after making what is missing of it and of them."""
        if self._schema.make(connection, table, wanted):
            self._plans.clear()
        return self._schema.columns(table)

    def merge(self, table: str, rows: Sequence[Row]) -> int:
        """Store those rows that are not there yet."""
        added = 0
        with self._writing() as connection:
            for row in rows:
                self._columns_for(connection, table, {key: declared_type(value) for key, value in row.items()})
                sql, values = self._with_extra(connection, table, row)
                added += connection.execute(sql + " ON CONFLICT DO NOTHING", values).rowcount
        return added

    def update(
        self, table: str, key: str, value: Value, *, track_id: str | None = None, where: tuple[str, Value] | None = None
    ) -> int:
        """Set `key` in some rows of an existing table; return how many."""
        with self._writing() as connection:
            if not self._schema.has(table):
                return 0
            columns = self._columns_for(connection, table, {key: declared_type(value)})
            packed = None if key in columns and fits(value, columns[key]) else pack({key: value})
            if packed is not None:
                columns = self._columns_for(connection, table, {EXTRA: "JSON"})
            changes: list[tuple[str, list[Value]]] = []
            if key in columns:
                changes.append((f"{quote(key)} = ?", [value]))
            if EXTRA in columns:
                changes.append((f"{EXTRA} = xetrack_put({EXTRA}, ?, ?)", [key, packed]))
            condition, bound = _condition(columns, track_id, where)
            setters = ", ".join(sql for sql, _ in changes)
            values = [item for _, items in changes for item in items]
            sql = f"UPDATE {self._schema.name(table)} SET {setters} WHERE {condition}"
            return connection.execute(sql, [*values, *bound]).rowcount

    def delete(self, table: str, track_id: str) -> int:
        """Delete a run; return how many rows it had."""
        with self._writing() as connection:
            if not self._schema.has(table):
                return 0
            sql = f"DELETE FROM {self._schema.name(table)} WHERE track_id = ?"
            gone = connection.execute(sql, (track_id,)).rowcount
            if self._schema.recorded:
                runlog.forget(self.database, self._schema.physical(table), track_id)
            return gone

    def drop(self, table: str) -> None:
        """Delete a table and the records of its runs."""
        with self._writing() as connection:
            if self._schema.has(table):
                if self._schema.recorded:
                    runlog.forget(self.database, self._schema.physical(table))
                self._schema.drop(connection, table)
                self._plans.clear()

    # Reading

    def read(
        self, table: str, *, track_id: str | None = None, head: int | None = None, tail: int | None = None
    ) -> Columns:
        """Rows in the order of insertion; the last `tail` of the first `head` if both are given."""
        condition, bound = _condition({}, track_id, None)
        limits: list[Value] = [-1 if head is None else max(head, 0)]
        order = "_rowid_"
        if tail is not None and head is None:
            order, limits = "_rowid_ DESC", [max(tail, 0)]
        columns, rows = self._select(table, f"WHERE {condition} ORDER BY {order} LIMIT ?", [*bound, *limits])
        if tail is not None:
            rows = rows[::-1] if head is None else rows[len(rows) - min(max(tail, 0), len(rows)) :]
        return _turn(columns, rows)

    def scan(self, table: str, size: int = 10_000) -> Iterator[Columns]:
        """All rows, `size` at a time. No lock is held in between."""
        after = -1 << 63
        while True:
            columns, rows = self._select(
                table, "WHERE _rowid_ > ? ORDER BY _rowid_ LIMIT ?", [after, size], "_rowid_, "
            )
            if not rows:
                return
            after = rows[-1][0]
            yield _turn(columns, [row[1:] for row in rows])

    def _select(
        self, table: str, rest: str, bound: Sequence[Value], first: str = ""
    ) -> tuple[dict[str, str], list[tuple[Any, ...]]]:
        with self.database.lock:
            if not self._known(table):
                return {}, []
            columns = self._schema.columns(table)
            names = ", ".join(map(quote, columns))
            with _paused_gc():
                rows = self.database.query(
                    f"SELECT {first}{names} FROM {self._schema.name(table)} {rest}",
                    bound,
                )
            return columns, rows

    def _known(self, table: str) -> bool:
        """Whether there is such a table now, in a file that may not exist yet."""
        if not self.database.exists:
            return False
        try:
            self._look(self.database.connection())
        except sqlite3.Error as error:
            raise translate(error, self.database.path) from error
        return self._schema.has(table)

    def count(self, table: str, track_id: str | None = None) -> int:
        """The number of rows."""
        with self.database.lock:
            if not self._known(table):
                return 0
            condition, bound = _condition({}, track_id, None)
            sql = f"SELECT count(*) FROM {self._schema.name(table)} WHERE {condition}"
            ((rows,),) = self.database.query(sql, bound)
            return int(rows)

    def tables(self) -> list[str]:
        """The tables that hold events; the one of 0.x files goes by its name of today."""
        with self.database.lock:
            self._known("")
            return self._schema.tables()

    def columns(self, table: str) -> dict[str, str]:
        """Keys that have a column, with their declared types, and those found in extras, with "JSON" or "" as theirs."""
        with self.database.lock:
            if not self._known(table):
                return {}
            columns = dict(self._schema.columns(table))
            if columns.pop(EXTRA, None):
                more = self.database.query(
                    f"SELECT DISTINCT key FROM {self._schema.name(table)}, json_each({EXTRA}) WHERE {EXTRA} IS NOT NULL"
                )
                columns |= {key: "" for (key,) in more if key not in columns}
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
            return bool(self.database.query("SELECT EXISTS (SELECT 1 FROM db.assets)")[0][0])

    # Runs

    def save_run(self, run: Run) -> None:
        """Record that `run` goes on."""
        with self._writing() as connection:
            self._schema.make_records(connection)
            runlog.save(self.database, replace(run, table=self._schema.physical(run.table)))

    def finish_run(self, run: Run) -> None:
        """Record how `run` ended."""
        with self._writing() as connection:
            if self._schema.recorded and self._schema.has(run.table):
                named = replace(run, table=self._schema.physical(run.table))
                runlog.finish(self.database, named, self._schema.columns(run.table))

    def runs(self, table: str) -> list[Run]:
        """Every run, newest first, from records and rows."""
        with self.database.lock:
            if not self._known(table):
                return []
            physical = self._schema.physical(table)
            found = runlog.list_runs(
                self.database, physical, self._schema.columns(table), recorded=self._schema.recorded
            )
            return [replace(run, table=self._schema.shown(physical)) for run in found]

    def flush(self) -> bool:
        """Fold the write-ahead log into the file. False if another process's reader kept part of it back."""
        return self.database.flush()

    def close(self) -> None:
        """Flush and close."""
        self.database.flush()
        self.database.close()


def _shape(row: Row) -> tuple[Any, ...]:
    return (*row, *map(type, row.values()))


def _goes_in_as_it_is(row: Row, plan: _Plan) -> bool:
    for key in plan.floats:
        if row[key] != row[key]:
            return False
    return plan.exact


def _later(time: str) -> str:
    return (datetime.fromisoformat(time) + MICROSECOND).isoformat(" ", "microseconds")


def _insert_sql(name: str, row: Row) -> str:
    columns = ", ".join(map(quote, row))
    return f"INSERT INTO {name} ({columns}) VALUES ({', '.join('?' * len(row))})"


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
        cell = f"+{quote(key)}" if key in columns else "NULL"  # the plus keeps SQLite from converting what is compared
        plain = f"{cell} IS ?"
        if EXTRA in columns:
            parts.append(f"CASE WHEN {EXTRA} IS NULL THEN {plain} ELSE xetrack_same({EXTRA}, ?, {cell}, ?) END")
            bound += [value, key, pack({key: value})]
        else:
            parts.append(plain)
            bound.append(value)
    return " AND ".join(parts) or "TRUE", bound


def _turn(columns: Mapping[str, str], rows: list[tuple[Any, ...]]) -> Columns:
    """Rows as columns of what was logged."""
    turned: Columns = {}
    extras: list[tuple[int, str]] = []
    for index, (key, declared) in enumerate(columns.items()):
        cells = map(itemgetter(index), rows)
        if key == EXTRA:
            extras = [(number, text) for number, text in enumerate(cells) if text is not None]
        else:
            turned[key] = restore(cells, declared)
    load_extra(turned, extras, len(rows))
    return turned


@contextmanager
def _paused_gc() -> Iterator[None]:
    """A million fresh tuples make the collector look again and again, for nothing: 1.3 to 2 times slower."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _open(options: SqliteOptions, context: Context) -> SqliteEngine:
    return SqliteEngine(context.db, options, read_only=context.read_only)


@hookimpl
def xetrack_engines() -> list[Provider[SqliteEngine]]:
    """The engine named "sqlite"."""
    return [Provider("sqlite", _open, SqliteOptions)]
