"""Insert rows into SQLite tables. How to insert rows of one shape is planned once and cached."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from xetrack._spec.types import Row, Value
from xetrack._sqlite.cells import EXTRA, declared_type, fits, quote, split, type_fits
from xetrack._sqlite.schema import Executor, Schema
from xetrack._util.clock import MICROSECOND

__all__ = ["Inserts"]

_MAX_PLANS = 4096


class _Plan(NamedTuple):
    """How to insert rows of one shape (table, keys, types)."""

    sql: str
    floats: tuple[str, ...]  # keys whose value may be NaN or -0.0
    exact: bool  # whether columns give every value back unchanged, NaN and -0.0 aside


class Inserts:
    """Inserts rows inside the caller's transaction, creating tables and columns as needed."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._plans: dict[tuple[Any, ...], _Plan] = schema.plans

    def insert(self, connection: Executor, table: str, rows: Sequence[Row]) -> None:
        """Insert `rows`. A row whose time is taken in its run gets the next free one."""
        if len(rows) != 1:
            for _, group in groupby(rows, _shape):
                self._insert_many(connection, table, list(group))
            return
        # every log() comes this way: a row of a known shape takes one statement
        (row,) = rows
        values = [*row.values()]
        plan = self._plans.get((table, *row, *map(type, values))) or self._plan(connection, table, row)
        exact = plan.exact
        for key in plan.floats:  # inlined _floats_fit()
            value = row[key]
            if value != value or (not value and str(value)[0] == "-"):  # NaN or negative zero
                exact = False
        try:
            if exact:
                connection.execute(plan.sql, values)
            else:
                connection.execute(*self._with_extra(connection, table, row))
        except sqlite3.IntegrityError:
            free = self._free_time(connection, table, row)
            if free == row["timestamp"]:
                raise  # the row violates a constraint that another program added
            row["timestamp"] = free
            self.insert(connection, table, rows)

    def merge(self, connection: Executor, table: str, rows: Sequence[Row]) -> list[Row]:
        """Insert the rows whose run has no row of their time, and return them."""
        new: list[Row] = []
        for _, group in groupby(rows, _shape):
            same = list(group)
            if self._insert_all(connection, table, same):
                new += same
            else:
                new += [row for row in same if self._merge_one(connection, table, row)]
        return new

    def _merge_one(self, connection: Executor, table: str, row: Row) -> bool:
        sql, values = self._with_extra(connection, table, row)
        return connection.execute(f"{sql} ON CONFLICT DO NOTHING", values).rowcount > 0

    def _insert_many(self, connection: Executor, table: str, rows: list[Row]) -> None:
        """Insert rows of one shape."""
        if not self._insert_all(connection, table, rows):
            self._insert_each(connection, table, rows)

    def _insert_all(self, connection: Executor, table: str, rows: list[Row]) -> bool:
        """Insert rows of one shape by one statement. Return False, with nothing stored, if that cannot be done."""
        plan = self._plans.get((table, *_shape(rows[0]))) or self._plan(connection, table, rows[0])
        if not plan.exact or not _floats_fit(rows, plan.floats):
            return False
        connection.execute("SAVEPOINT many")
        try:
            connection.executemany(plan.sql, ([*row.values()] for row in rows))
        except sqlite3.IntegrityError:
            connection.execute("ROLLBACK TO many")
            connection.execute("RELEASE many")
            return False
        # not after other errors: some of them, such as a full disk, have ended the savepoint
        connection.execute("RELEASE many")
        return True

    def _insert_each(self, connection: Executor, table: str, rows: list[Row]) -> None:
        # once a row was moved past a block of taken times, later rows need not search that block again
        moved: dict[Value, tuple[str, str]] = {}
        for row in rows:
            run, asked = row["track_id"], str(row["timestamp"])
            first, last = moved.get(run, ("", ""))
            if first <= asked <= last:
                row["timestamp"] = _later(last)
            self.insert(connection, table, [row])
            if row["timestamp"] != asked:
                moved[run] = (first if first <= asked <= last else asked, str(row["timestamp"]))

    def _free_time(self, connection: Executor, table: str, row: Row) -> str:
        """Return the first time, from the row's on, that no row of its run has."""
        name = self._schema.name(table)
        taken = connection.execute(
            f"SELECT timestamp FROM {name} WHERE track_id = ? AND timestamp >= ? ORDER BY timestamp",
            (row["track_id"], row["timestamp"]),
        )
        free = str(row["timestamp"])
        for (time,) in taken:
            if time != free:
                break
            free = _later(free)
        return free

    def _plan(self, connection: Executor, table: str, row: Row) -> _Plan:
        self._schema.refresh(connection)
        columns = self._schema.make(connection, table, _declared(row))
        exact = all(key in columns and type_fits(type(value), columns[key]) for key, value in row.items())
        floats = tuple(key for key, value in row.items() if type(value) is float)
        if len(self._plans) >= _MAX_PLANS:
            self._plans.clear()
        plan = _Plan(_insert_sql(self._schema.name(table), row), floats, exact)
        self._plans[table, *_shape(row)] = plan
        return plan

    def _with_extra(self, connection: Executor, table: str, row: Row) -> tuple[str, list[Value]]:
        self._schema.refresh(connection)
        kept, extra = split(row, self._schema.make(connection, table, _declared(row)))
        if extra is not None:
            self._schema.make(connection, table, {EXTRA: "JSON TEXT"})
            kept[EXTRA] = extra
        return _insert_sql(self._schema.name(table), kept), [*kept.values()]


def _shape(row: Row) -> tuple[Any, ...]:
    return (*row, *map(type, row.values()))


def _declared(row: Row) -> dict[str, str]:
    return {key: declared_type(value) for key, value in row.items()}


def _floats_fit(rows: Sequence[Row], keys: Sequence[str]) -> bool:
    """Whether the values of `keys`, which are floats, are neither NaN nor -0.0."""
    for key in keys:
        for row in rows:
            value = row[key]
            if (not value or value != value) and not fits(value, "REAL"):
                return False
    return True


def _later(time: str) -> str:
    return (datetime.fromisoformat(time) + MICROSECOND).isoformat(" ", "microseconds")


def _insert_sql(name: str, row: Row) -> str:
    columns = ", ".join(map(quote, row))
    return f"INSERT INTO {name} ({columns}) VALUES ({', '.join('?' * len(row))})"
