"""Bring stored rows up to date with those of another database."""

import sqlite3
from collections.abc import Sequence
from itertools import groupby

from xetrack._rows.normalize import IDENTITY
from xetrack._spec.types import Columns, Row, Value
from xetrack._sqlite.cells import EXTRA, declared_type, quote, restore_rows, split
from xetrack._sqlite.fetch import fetch
from xetrack._sqlite.schema import Schema

__all__ = ["amend"]


def amend(connection: sqlite3.Connection, schema: Schema, table: str, rows: Sequence[Row]) -> list[Row]:
    """Set the keys of `rows` in the stored rows of the same identity, and return the keys that differed."""
    if not schema.has(table):
        return []
    different: list[Row] = []
    for track_id, group in groupby(rows, lambda row: row["track_id"]):
        of_run = list(group)
        stored = _stored(connection, schema, table, track_id, of_run)
        for row in of_run:
            old = stored.get(row["timestamp"])
            values = {} if old is None else {k: value for k, value in row.items() if not _equal(old.get(k), value)}
            if old is not None and values:
                _replace(connection, schema, table, old | values)
                different.append(values | {key: row[key] for key in IDENTITY})
    return different


def _stored(
    connection: sqlite3.Connection, schema: Schema, table: str, track_id: Value, rows: Sequence[Row]
) -> dict[Value, Row]:
    """Return the rows of a run by their timestamps, from the first to the last one in `rows`."""
    times = [str(row["timestamp"]) for row in rows]
    columns = schema.columns(table)
    rest = f"FROM {schema.name(table)} WHERE track_id = ? AND timestamp BETWEEN ? AND ?"
    cells = fetch(connection, list(map(quote, columns)), rest, [track_id, min(times), max(times)])
    return {row["timestamp"]: row for row in _rows(restore_rows(columns, cells))}


def _rows(columns: Columns) -> list[Row]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _replace(connection: sqlite3.Connection, schema: Schema, table: str, row: Row) -> None:
    """Write all cells of a stored row."""
    known: Row = {key: value for key, value in row.items() if value is not None}
    columns = schema.make(connection, table, {key: declared_type(value) for key, value in known.items()})
    cells, extra = split(known, columns)
    if extra is not None:
        columns = schema.make(connection, table, {EXTRA: "JSON TEXT"})
    values: Row = dict.fromkeys(columns) | cells | ({EXTRA: extra} if EXTRA in columns else {})
    setters = ", ".join(f"{quote(key)} = ?" for key in values)
    identity = [row["track_id"], row["timestamp"]]
    sql = f"UPDATE {schema.name(table)} SET {setters} WHERE track_id = ? AND timestamp = ?"
    connection.execute(sql, [*values.values(), *identity])


def _equal(one: Value, other: Value) -> bool:
    """Whether two values are the same, with NaN equal to NaN, and -0.0 not to 0.0."""
    if type(one) is not type(other):
        return False
    if one != one or not one:
        return str(one) == str(other)
    return one == other
