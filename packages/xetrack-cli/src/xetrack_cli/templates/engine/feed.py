"""The change feed: a log of updates and deletions, and sequence numbers of rows."""

import json
import secrets
from typing import NamedTuple

from .connection import Connection
from .tables import SEQUENCE, table_of

__all__ = ["Watermark", "changed_runs", "newest", "note"]


class Watermark(NamedTuple):
    """The end of the log and the last row. Entries and rows are identified, because a backup may be restored."""

    store: str = ""
    place: int = 0
    entry: str = ""
    last: int = 0
    track_id: str = ""
    timestamp: str = ""

    def __str__(self) -> str:
        """Return the text that `parse` takes."""
        return json.dumps(self)

    @classmethod
    def parse(cls, text: str | None) -> "Watermark":
        """Return a watermark; one that fits no store if the text is none."""
        try:
            fields = json.loads(text or "[]")
            known = [type(each) for each in fields] == [str, int, str, int, str, str]
        except (ValueError, TypeError):
            known = False
        return cls(*fields) if known else cls()


def note(connection: Connection, name: str, track_id: str | None) -> None:
    """Log that earlier rows of a run changed, or the whole table. Others, such as triggers, may log as well.

    The log grows. Drop old entries if you like: then watermarks from before start over.
    """
    connection.execute(
        "INSERT INTO db.xetrack_log (entry, event_table, track_id) VALUES (?, ?, ?)",
        (secrets.token_hex(8), name, track_id),
    )


def newest(connection: Connection, name: str) -> Watermark:
    """Return the watermark of a table as it is now."""
    ((store,),) = connection.rows("SELECT value FROM db.xetrack_meta WHERE key = 'id'")
    log = connection.rows("SELECT place, entry FROM db.xetrack_log ORDER BY place DESC LIMIT 1")
    rows = connection.rows(
        f"SELECT {SEQUENCE}, track_id, timestamp FROM {table_of(name)} ORDER BY {SEQUENCE} DESC LIMIT 1"
    )
    return Watermark(store, *(log or [(0, "")])[0], *(rows or [(0, "", "")])[0])


def changed_runs(connection: Connection, name: str, since: Watermark, now: Watermark) -> list[str] | None:
    """Return the runs whose earlier rows changed between two watermarks; None if the first one does not fit."""
    fits = since.store == now.store and connection.rows(
        "SELECT 1 FROM db.xetrack_log WHERE place = ? AND entry = ?", (since.place, since.entry)
    )
    same_row = not since.last or connection.rows(
        f"SELECT 1 FROM {table_of(name)} WHERE {SEQUENCE} = ? AND track_id = ? AND timestamp = ?",
        (since.last, since.track_id, since.timestamp),
    )
    if not fits or not same_row:
        return None
    found = connection.rows(
        "SELECT DISTINCT track_id FROM db.xetrack_log WHERE place > ? AND event_table = ?", (since.place, name)
    )
    runs = [run for (run,) in found]
    return None if None in runs else sorted(runs)
