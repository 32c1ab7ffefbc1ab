"""Positions of rows: which rowid the n-th row of a run, or of a table, has.

SQLite finds a row by its rowid at once, but only counts its way to the n-th row of a run. So the rowids of the run that
was asked about last are remembered until somebody writes.
"""

import sqlite3
from array import array
from collections.abc import Sequence
from typing import Any

from xetrack._sqlite.connection import Database

__all__ = ["Positions", "chosen"]


class Positions:
    """The rowids of one run, or of a whole table, in the order of insertion. The database's lock guards it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._of: tuple[Any, ...] = ()
        self._rowids: Sequence[int] = ()

    def find(self, name: str, track_id: str | None) -> Sequence[int]:
        """Return the rowids of a run, or of the table of this quoted name, in order."""
        if not self.knows(name, track_id):
            connection, state = self._database.connection(), self._state()  # as it is now: others may write meanwhile
            rowids = _all(connection, name) if track_id is None else _of_run(connection, name, track_id)
            if connection.in_transaction:  # which may be rolled back
                return rowids
            self._of, self._rowids = (name, track_id, state), rowids
        return self._rowids

    def knows(self, name: str, track_id: str | None) -> bool:
        """Whether the rowids are remembered, and nobody has written since."""
        if self._of[:2] != (name, track_id) or self._database.connection().in_transaction:
            return False
        return bool(self._of[2] == self._state())

    def _state(self) -> tuple[int, int, int]:
        """Which connection it is, a number that others change when they commit, and one that it changes itself."""
        connection = self._database.connection()
        ((version,),) = connection.execute("PRAGMA db.data_version")
        return self._database.connections, version, connection.total_changes

    def forget(self) -> None:
        """Forget the rowids: a table may be gone, which SQLite does not count as a change of rows."""
        self._of, self._rowids = (), ()


def chosen(rowids: Sequence[int], head: int | None, tail: int | None) -> Sequence[int]:
    """The last `tail` of the first `head`."""
    if head is not None:
        rowids = rowids[: max(head, 0)]
    return rowids if tail is None else rowids[max(len(rowids) - max(tail, 0), 0) :]


def _all(connection: sqlite3.Connection, name: str) -> Sequence[int]:
    # apart, for SQLite answers each of these without looking at every row
    bounds = f"SELECT (SELECT min(_rowid_) FROM {name}), (SELECT max(_rowid_) FROM {name}), count(*) FROM {name}"
    ((first, last, rows),) = connection.execute(bounds)
    if not rows:
        return ()
    if last - first + 1 == rows:
        return range(first, last + 1)
    return array("q", (rowid for (rowid,) in connection.execute(f"SELECT _rowid_ FROM {name} ORDER BY _rowid_")))


def _of_run(connection: sqlite3.Connection, name: str, track_id: str) -> Sequence[int]:
    # the index on (track_id, timestamp) has the rowids, so no row is read
    found = connection.execute(f"SELECT _rowid_ FROM {name} WHERE track_id = ?", (track_id,))
    return array("q", sorted(rowid for (rowid,) in found))
