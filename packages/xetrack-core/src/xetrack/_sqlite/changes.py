"""The change feed of a SQLite file.

A watermark names the file, the end of its log of changes (see `triggers`) and the last row of the table. It fits as
long as both are still there and no row before the last one can be another: rowids are used again after the last rows
are deleted, VACUUM renumbers them, and another file may take the place of this one. Two former copies of a file share
the past, and differ in the log or in the last row once either goes on.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from xetrack._sqlite.cells import quote
from xetrack._sqlite.triggers import LOG, logging

__all__ = ["ENTRY", "Watermark", "changed_runs", "newest_watermark", "reached", "snapshot"]

ENTRY = "moment || ' ' || quote(track_id) || ' ' || event_table"
"""In SQL, what identifies an entry of the log that has moved on. See `Watermark.entry`."""


class Watermark(NamedTuple):
    """A moment in the life of a table.

    Attributes:
        file: the id of the file.
        place: the place of the last entry in the log of changes.
        entry: what identifies that entry if it moves on, because its run changes again in the same millisecond.
        last: the rowid of the last row; 0 in an empty table.
        track_id: the run of that row.
        timestamp: its time.
    """

    file: str = ""
    place: int = 0
    entry: str = ""
    last: int = 0
    track_id: str | None = None
    timestamp: str | None = None

    def __str__(self) -> str:
        """Return the text to store."""
        return json.dumps(self)

    @classmethod
    def parse(cls, text: str) -> "Watermark | None":
        """Return the watermark, or None if the text is of another kind."""
        try:
            file, place, entry, last, track_id, timestamp = json.loads(text)
            return cls(str(file), int(place), str(entry), int(last), track_id, timestamp)
        except (ValueError, TypeError):
            return None


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Read one state of the file inside the block."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.rollback()


def newest_watermark(connection: sqlite3.Connection, table: str) -> Watermark:
    """Return the watermark of a table of events as it is now, by its name in the file.

    That of a file without an id, from before xetrack 1.0, never fits.
    """
    file = _file(connection)
    log = f"SELECT place, {ENTRY} FROM db.{LOG} ORDER BY place DESC LIMIT 1"
    entry = connection.execute(log).fetchone() if file else None
    last = connection.execute(
        f"SELECT _rowid_, track_id, timestamp FROM db.{quote(table)} ORDER BY _rowid_ DESC LIMIT 1"
    ).fetchone()
    return Watermark(file, *(entry or (0, "")), *(last or (0, None, None)))


def reached(connection: sqlite3.Connection, table: str, now: Watermark, last: int) -> Watermark:
    """Return the watermark `now`, but only up to the row `last`, or the last row before it."""
    if last == now.last:
        return now
    sql = f"SELECT _rowid_, track_id, timestamp FROM db.{quote(table)} WHERE _rowid_ <= ? ORDER BY _rowid_ DESC LIMIT 1"
    rowid, track_id, timestamp = connection.execute(sql, (last,)).fetchone() or (0, None, None)
    return now._replace(last=rowid, track_id=track_id, timestamp=timestamp)


def changed_runs(connection: sqlite3.Connection, table: str, since: Watermark) -> list[str] | None:
    """Return the runs whose rows up to a watermark changed since, or None if the watermark does not fit.

    If it fits, the rows up to `since.last` have the same rowids as then, and those after it are new.
    """
    if not since.place or since.file != _file(connection) or not _is_logged(connection, table):
        return None
    shared = f"SELECT 1 FROM db.{LOG} WHERE place = ? OR (place > ? AND {ENTRY} = ?) LIMIT 1"
    if connection.execute(shared, (since.place, since.place, since.entry)).fetchone() is None:
        return None
    identity = f"SELECT track_id, timestamp FROM db.{quote(table)} WHERE _rowid_ = ?"
    was_empty = since.last == 0 and since.track_id is None
    if not was_empty and connection.execute(identity, (since.last,)).fetchone() != (since.track_id, since.timestamp):
        return None
    entries = connection.execute(
        f"SELECT track_id, min(last_row) FROM db.{LOG} WHERE event_table = ? AND place > ? GROUP BY track_id",
        (table, since.place),
    ).fetchall()
    runs = [run for run, _ in entries if isinstance(run, str)]
    shrunk = any(last is not None and last < since.last for _, last in entries)
    return None if shrunk or len(runs) < len(entries) else sorted(runs)


def _file(connection: sqlite3.Connection) -> str:
    """Return the id of the file, or an empty text if it has no log of changes."""
    tables = f"SELECT count(*) FROM db.sqlite_master WHERE name IN ('xetrack_meta', '{LOG}')"
    if connection.execute(tables).fetchone() != (2,):
        return ""
    found = connection.execute("SELECT value FROM db.xetrack_meta WHERE key = 'id'").fetchone()
    return str(found[0]) if found else ""


def _is_logged(connection: sqlite3.Connection, table: str) -> bool:
    """Whether all triggers of `table` are as xetrack made them, so that no change escapes the log."""
    found = connection.execute(
        "SELECT name, sql FROM db.sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
    ).fetchall()
    ours = {name: f"CREATE TRIGGER {quote(name)} {rest}" for name, rest in logging(table).items()}
    return ours.items() <= dict(found).items()
