"""Count the rows of runs, and find their last values."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from xetrack._rows.normalize import IDENTITY
from xetrack._spec.types import Row
from xetrack._sqlite.cells import EXTRA, quote, restore, unpack

__all__ = ["Totals", "count", "newest_runs"]


class Totals(NamedTuple):
    """What rows of a run add up to.

    Attributes:
        rows: their number.
        first: the least timestamp.
        last: the greatest timestamp.
        last_row: the greatest rowid.
        values: the last value of each key that is not None.
    """

    rows: int
    first: Any
    last: Any
    last_row: int
    values: Row

    def followed_by(self, later: "Totals") -> "Totals":
        """Return the totals of these rows and of later ones of the same run."""
        first, last = min(self.first, later.first), max(self.last, later.last)
        return Totals(self.rows + later.rows, first, last, later.last_row, self.values | later.values)

    def in_order(self, columns: Iterable[str]) -> "Totals":
        """Return the same with the keys of values in the order of the columns."""
        values = {key: self.values[key] for key in columns if key in self.values}
        return self._replace(values=values | self.values)

    def is_plain(self, track_id: object) -> bool:
        """Whether the run and its timestamps are text, as xetrack writes them."""
        return isinstance(track_id, str) and isinstance(self.first, str) and isinstance(self.last, str)


def newest_runs(
    connection: sqlite3.Connection, table: str, limit: int, among: Sequence[str] | None = None
) -> list[str]:
    """Return the most recently active runs."""
    where, bound = ("", []) if among is None else (f"WHERE {_AMONG}", [json.dumps(list(among))])
    sql = f"SELECT track_id FROM db.{quote(table)} {where} GROUP BY track_id ORDER BY max(_rowid_) DESC LIMIT ?"
    return [track_id for (track_id,) in connection.execute(sql, [*bound, limit])]


def count(
    connection: sqlite3.Connection,
    table: str,
    columns: dict[str, str],
    *,
    of: Sequence[str] | None = None,
    after: int | None = None,
    until: int | None = None,
) -> dict[str, Totals]:
    """Return the totals of each run.

    Args:
        connection: where the file is attached as `db`.
        table: name of the table in the file.
        columns: its columns and their types.
        of: only of these runs.
        after: only of rows after this rowid.
        until: only of rows up to this rowid.
    """
    if of is not None and not of:
        return {}
    rows = _Rows(connection, table, of, after, until)
    keys = [key for key in columns if key not in (*IDENTITY, EXTRA)]
    latest = "".join(f", max(CASE WHEN {quote(key)} IS NOT NULL THEN _rowid_ END)" for key in keys)
    totals: dict[str, Totals] = {}
    where: dict[str, list[int | None]] = {}
    aggregates = f"count(*), min(timestamp), max(timestamp), max(_rowid_){latest}"
    for track_id, *ends in rows.select(f"track_id, {aggregates}", "GROUP BY track_id"):
        number, first, last, last_row, *where[track_id] = ends
        totals[track_id] = Totals(number, first, last, last_row, {})
    for index, key in enumerate(keys):
        rowids = {at[index]: track_id for track_id, at in where.items() if at[index] is not None}
        for rowid, value in _cells(connection, table, key, list(rowids)):
            (totals[rowids[rowid]].values[key],) = restore([value], columns[key])
    if EXTRA in columns:
        _add_extras(rows, keys, where, totals)
        return {track_id: each.in_order(columns) for track_id, each in totals.items()}
    return totals


_AMONG = "track_id IN (SELECT value FROM json_each(?))"


class _Rows:
    """Some rows of a table."""

    def __init__(
        self, connection: sqlite3.Connection, table: str, of: Sequence[str] | None, after: int | None, until: int | None
    ) -> None:
        self._connection = connection
        self._source = f"db.{quote(table)}"
        conditions, self._bound = ["1"], list[Any]()
        if of is not None:
            conditions.append(_AMONG)
            self._bound.append(json.dumps(list(of)))
        by_rowid = of is None and after is not None and until is not None and self._are_few(until - after)
        for sign, rowid in ((">", after), ("<=", until)):
            if rowid is not None:
                # the plus makes SQLite search by run, which spares it from sorting the rows of all runs
                conditions.append(f"{'' if by_rowid else '+'}_rowid_ {sign} ?")
                self._bound.append(rowid)
        self._source += " NOT INDEXED" * by_rowid
        self._where = " AND ".join(conditions)

    def _are_few(self, rows: int) -> bool:
        """Whether finding and sorting so many rows is faster than going through all rows in the order of the index."""
        newest = self._connection.execute(f"SELECT max(_rowid_) FROM {self._source}").fetchone()
        return rows * 3 < (newest[0] or 0)

    def select(self, what: str, rest: str, *, only: str = "1") -> sqlite3.Cursor:
        """Run a query over these rows."""
        return self._connection.execute(
            f"SELECT {what} FROM {self._source} WHERE {self._where} AND {only} {rest}", self._bound
        )


def _add_extras(
    rows: _Rows, keys: Sequence[str], where: dict[str, list[int | None]], totals: dict[str, Totals]
) -> None:
    """Add values from extras, unless a later row has another."""
    found = rows.select(f"_rowid_, track_id, {EXTRA}", "ORDER BY _rowid_", only=f"{EXTRA} IS NOT NULL")
    for rowid, track_id, text in found:
        latest = dict(zip(keys, where[track_id], strict=True))
        for key, value in unpack(text).items():
            at = latest.get(key)
            if value is not None and (at is None or rowid >= at):
                totals[track_id].values[key] = value


def _cells(connection: sqlite3.Connection, table: str, key: str, rowids: list[int | None]) -> list[tuple[Any, ...]]:
    return connection.execute(
        f"SELECT _rowid_, {quote(key)} FROM db.{quote(table)} WHERE _rowid_ IN (SELECT value FROM json_each(?))",
        (json.dumps(rowids),),
    ).fetchall()
