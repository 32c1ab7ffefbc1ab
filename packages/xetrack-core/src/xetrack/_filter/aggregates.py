"""Functions of logged keys for every run of a table: in SQL if the engine stores rows in SQLite, else from a scan."""

import math
from collections import defaultdict
from typing import Any

from xetrack._filter.tally import Tally
from xetrack._spec.engine import Engine
from xetrack._spec.types import Value
from xetrack._sqlite.cells import EXTRA, quote, restore, unpack
from xetrack._sqlite.connection import Database
from xetrack._sqlite.engine import SqliteEngine
from xetrack._sqlite.errors import FAILURES, translate
from xetrack._sqlite.schema import Schema

__all__ = ["aggregate"]

# What to select for each run, and from which of its rows. {key} is the quoted column. Beside a single min() or max(),
# SQLite takes other columns from the row that has it (sqlite.org/lang_select.html, 2.5).
_NUMBERS = "typeof({key}) IN ('integer', 'real')"
_SQL = {
    "first": ("{key}, min(_rowid_)", "{key} IS NOT NULL"),
    "last": ("{key}, max(_rowid_)", "{key} IS NOT NULL"),
    "min": ("min({key})", _NUMBERS),
    "max": ("max({key})", _NUMBERS),
    "mean": ("avg({key})", _NUMBERS),
    "count": ("count({key})", "{key} IS NOT NULL"),
}


def aggregate(engine: Engine, table: str, key: str, function: str) -> dict[str, Value]:
    """Return `function` of the values that each run logged under `key`; runs without a value may be missing.

    Args:
        engine: where the rows are.
        table: the table of events.
        key: a logged key.
        function: an attribute of `Tally`: `first`, `last`, `min`, `max`, `mean` or `count`. SQLite may round `mean` in
            other places than `Tally` does.
    """
    if isinstance(engine, SqliteEngine):
        return _query(engine.database, table, key, function)
    tallies: defaultdict[str, Tally] = defaultdict(Tally)
    for chunk in engine.scan(table):
        for track_id, value in zip(chunk["track_id"], chunk.get(key, ()), strict=False):
            if value is not None:
                tallies[str(track_id)].add(value)
    return {track_id: getattr(tally, function) for track_id, tally in tallies.items()}


def _query(database: Database, table: str, key: str, function: str) -> dict[str, Value]:
    """Let SQLite aggregate the column, except in runs where cells are not what was logged."""
    with database.lock:
        schema = Schema()
        try:
            schema.load(database.connection())
        except FAILURES as error:
            raise translate(error, database.path) from error
        if not schema.has(table):
            return {}
        name, columns = schema.name(table), schema.columns(table)
        found: dict[str, Any] = {}
        inexact = _runs_with_extras(database, name, key) if EXTRA in columns else set()
        if key in columns:
            selected, where = (part.format(key=quote(key)) for part in _SQL[function])
            sql = f"SELECT track_id, {selected} FROM {name} WHERE {where} GROUP BY track_id"
            for track_id, value, *_ in database.query(sql):
                (found[track_id],) = restore([value], columns[key]) if function in {"first", "last"} else [value]
                if function == "mean" and (value is None or math.isinf(value)):  # an infinite value, or an overflow
                    inexact.add(track_id)
        for track_id in inexact:
            values = _logged(database, name, columns, key, track_id)
            found[track_id] = getattr(Tally(values), function)
        return found


def _runs_with_extras(database: Database, name: str, key: str) -> set[str]:
    """Return the runs with a value of `key` in an extra, and maybe others."""
    sql, bound = f"SELECT DISTINCT track_id FROM {name} WHERE {EXTRA} IS NOT NULL", list[str]()
    if key.isprintable() and not {'"', "\\"} & set(key):  # others are escaped in JSON
        sql, bound = sql + f" AND EXISTS (SELECT 1 FROM json_each({EXTRA}) WHERE json_each.key = ?)", [key]
    return {track_id for (track_id,) in database.query(sql, bound)}


def _logged(database: Database, name: str, columns: dict[str, str], key: str, track_id: str) -> list[Value]:
    """Return what one run logged under `key`, in order, from its cells and extras."""
    cell = quote(key) if key in columns else "NULL"
    extra = EXTRA if EXTRA in columns else "NULL"
    rows = database.query(f"SELECT {cell}, {extra} FROM {name} WHERE track_id = ? ORDER BY _rowid_", (track_id,))
    values = restore([value for value, _ in rows], columns.get(key, ""))
    for index, (_, text) in enumerate(rows):
        if text is not None:
            values[index] = unpack(text).get(key, values[index])
    return values
