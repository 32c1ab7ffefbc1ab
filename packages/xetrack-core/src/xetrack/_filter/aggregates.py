"""Functions of logged keys for every run of a table: in SQL if the engine has SQL tables, else from a scan."""

import math
from collections import defaultdict
from typing import Any

from xetrack._filter.tally import Tally
from xetrack._spec.engine import Engine
from xetrack._spec.types import Value
from xetrack._sqlite.cells import EXTRA, restore, unpack
from xetrack._sqlite.dialect import EventTable

__all__ = ["aggregate"]


def aggregate(engine: Engine, table: str, key: str, function: str) -> dict[str, Value]:
    """Return `function` of the values that each run logged under `key`; runs without a value may be missing.

    Args:
        engine: where the rows are.
        table: the table of events.
        key: a logged key.
        function: an attribute of `Tally`: `first`, `last`, `min`, `max`, `mean` or `count`. A database may round `mean`
            in other places than `Tally` does.
    """
    if find := getattr(engine, "event_table", None):
        found = find(table)
        return {} if found is None else _query(found, key, function)
    tallies: defaultdict[str, Tally] = defaultdict(Tally)
    for chunk in engine.scan(table):
        for track_id, value in zip(chunk["track_id"], chunk.get(key, ()), strict=False):
            if value is not None:
                tallies[str(track_id)].add(value)
    return {track_id: getattr(tally, function) for track_id, tally in tallies.items()}


def _query(table: EventTable, key: str, function: str) -> dict[str, Value]:
    """Let the database aggregate the column, except in runs where cells are not what was logged."""
    found: dict[str, Any] = {}
    inexact = _runs_with_extras(table, key) if EXTRA in table.columns else set()
    declared = table.columns.get(key)
    selected = None if declared is None else table.dialect.aggregate(function, key, declared)
    if declared is not None and selected is not None:
        expression, condition = selected
        sql = f"SELECT track_id, {expression} FROM {table.name} WHERE {condition} GROUP BY track_id"
        for track_id, value, *_ in table.query(sql, ()):
            (found[track_id],) = restore([value], declared) if function in {"first", "last"} else [value]
            # an infinite value, or an overflow
            if function == "mean" and (value is None or not math.isfinite(value)):
                inexact.add(track_id)
    for track_id in inexact:
        found[track_id] = getattr(Tally(_logged(table, key, track_id)), function)
    return found


def _runs_with_extras(table: EventTable, key: str) -> set[str]:
    """Return the runs with a value of `key` in an extra, and maybe others."""
    dialect, bound = table.dialect, list[Value]()
    extra = dialect.quote(EXTRA)
    sql = f"SELECT DISTINCT track_id FROM {table.name} WHERE {extra} IS NOT NULL"
    if dialect.extra_has and key.isprintable() and not {'"', "\\"} & set(key):  # others are escaped in JSON
        (place,), bound = dialect.placeholders(1), [key]
        sql += f" AND {dialect.extra_has.replace('{extra}', extra).replace('{key}', place)}"
    return {track_id for (track_id,) in table.query(sql, bound)}


def _logged(table: EventTable, key: str, track_id: str) -> list[Value]:
    """Return what one run logged under `key`, in order, from its cells and extras."""
    dialect = table.dialect
    cell, extra = (dialect.quote(name) if name in table.columns else "NULL" for name in (key, EXTRA))
    where = f"track_id = {dialect.placeholders(1)[0]} ORDER BY {dialect.order}"
    rows = table.query(f"SELECT {cell}, {extra} FROM {table.name} WHERE {where}", (track_id,))
    values = restore([value for value, _ in rows], table.columns.get(key, ""))
    for index, (_, text) in enumerate(rows):
        if text is not None:
            values[index] = unpack(text).get(key, values[index])
    return values
