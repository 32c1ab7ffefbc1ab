"""The log of changes, maintained by triggers.

Readers that mirror the event tables detect new rows by rowid, so inserts cost nothing here. Updates and deletes, from
any tool, add an entry: which run of which table changed. `xetrack._sqlite.changes` reads them.

A statement adds one entry per run, however many rows of it change: a run has one entry per millisecond, and SQLite's
clock stands still during a statement. The entry moves to the end of the log with each row, so the place that a reader
has seen never stands for a later change. Places grow by random steps, so that two former copies of a file never agree
by chance.
"""

import sqlite3

from xetrack._sqlite.cells import quote

__all__ = ["CREATE", "LOG", "WHOLE_TABLE", "dropped", "logging", "made", "prune", "removal"]

LOG = "xetrack_change_log"
"""The name of the log: `place`, `event_table`, `track_id`, `moment`, `last_row`.

`moment` is in milliseconds since 1970. `last_row` is the last rowid in the table after the deletion of a row, and NULL
for updates.
"""

WHOLE_TABLE = b""
"""The `track_id` of entries for the table itself: it was created or dropped, or rows got other rowids."""

CREATE = (
    f"CREATE TABLE IF NOT EXISTS db.{LOG} (place INTEGER PRIMARY KEY, event_table TEXT NOT NULL, track_id NOT NULL,"
    " moment INTEGER NOT NULL, last_row INTEGER, UNIQUE (event_table, track_id, moment))"
)
_WHOLE = "x''"  # in SQL
_NOW = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"  # milliseconds since 1970, in any SQLite
_KEPT = 100_000  # entries; a watermark from before the oldest one makes its reader start over
_EVENTS = {  # the name of the trigger, when it fires, the run that changed, and the last row that is left
    "changed": ("UPDATE", "CASE WHEN OLD._rowid_ = NEW._rowid_ THEN OLD.track_id END", "NULL"),
    "deleted": ("DELETE", "OLD.track_id", "(SELECT ifnull(max(_rowid_), 0) FROM {table})"),
    "renamed": ("UPDATE OF track_id", "NEW.track_id", "NULL"),
}


def logging(table: str) -> dict[str, str]:
    """Return the triggers on `table`: their names, and what follows them in `CREATE TRIGGER`."""
    return {
        f"xetrack_{table}_{name}": (
            f"AFTER {event} ON {quote(table)} BEGIN"
            f" {_entry(LOG, table, f'ifnull({run}, {_WHOLE})', last.format(table=quote(table)))}; END"
        )
        for name, (event, run, last) in _EVENTS.items()
    }


def made(table: str) -> list[str]:
    """Return the statements to execute after creating `table`, before its first row."""
    triggers = [f"CREATE TRIGGER IF NOT EXISTS db.{quote(name)} {rest}" for name, rest in logging(table).items()]
    return [*triggers, dropped(table)]


def dropped(table: str) -> str:
    """Return the statement to execute after dropping `table`."""
    return _entry(f"db.{LOG}", table, _WHOLE, "NULL")


def prune(connection: sqlite3.Connection) -> None:
    """Delete the oldest entries of a long log."""
    connection.execute(
        f"DELETE FROM db.{LOG} WHERE place < (SELECT place FROM db.{LOG} ORDER BY place DESC LIMIT 1 OFFSET {_KEPT})"
    )


def removal(table: str) -> list[str]:
    """Return the statements that remove these triggers, and what had these names before there was a log."""
    return [f"DROP TRIGGER IF EXISTS db.{quote(name)}" for name in logging(table)]


def _entry(log: str, table: str, run: str, last_row: str) -> str:
    # an upsert rather than INSERT OR REPLACE: that would follow the OR clause of the user's statement
    return (
        f"INSERT INTO {log} SELECT ifnull(max(place), 0) + 1 + (random() & 0xffffff), {_literal(table)}, {run},"
        f" {_NOW}, {last_row} FROM {log} WHERE true"
        " ON CONFLICT (event_table, track_id, moment) DO UPDATE SET place = excluded.place,"
        " last_row = min(ifnull(last_row, excluded.last_row), ifnull(excluded.last_row, last_row))"
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
