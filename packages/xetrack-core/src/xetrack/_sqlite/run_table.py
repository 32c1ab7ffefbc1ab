"""The records of runs in a SQLite file: what their trackers say about them."""

import json
import sqlite3
from collections.abc import Sequence

from xetrack._spec.types import Row, Run
from xetrack._sqlite.cells import pack, quote, unpack_all

__all__ = ["CREATE", "finish", "forget", "former_triggers", "records", "save"]

CREATE = (
    "CREATE TABLE IF NOT EXISTS db.xetrack_runs (track_id TEXT NOT NULL, event_table TEXT NOT NULL, started TEXT,"
    " ended TEXT, status TEXT, host TEXT, pid INTEGER, python TEXT, params JSON,"
    " PRIMARY KEY (track_id, event_table)) WITHOUT ROWID"
)
_FIELDS = "track_id, event_table, started, ended, status, host, pid, python"
_ATTRIBUTES = ("track_id", "table", "started", "ended", "status", "host", "pid", "python")


def former_triggers(table: str) -> list[str]:
    """Return the statements that remove what kept summaries in the records, before they had a table of their own."""
    return [f"DROP TRIGGER IF EXISTS db.{quote(f'xetrack_{table}_{event}')}" for event in ("UPDATE", "DELETE")]


def save(connection: sqlite3.Connection, run: Run) -> None:
    """Record that `run` started, or was resumed."""
    connection.execute(
        f"INSERT INTO db.xetrack_runs ({_FIELDS}, params) VALUES (?,?,?,?,?,?,?,?,?)"
        " ON CONFLICT (track_id, event_table) DO UPDATE SET ended = NULL, status = excluded.status,"
        " host = excluded.host, pid = excluded.pid, python = excluded.python, params = excluded.params",
        [getattr(run, name) for name in _ATTRIBUTES] + [_dump(run.params)],
    )


def finish(connection: sqlite3.Connection, run: Run) -> bool:
    """Record the end of `run`. Return False if it was never recorded, or resumed by another process since."""
    updated = connection.execute(
        "UPDATE db.xetrack_runs SET ended = ?, status = ?, params = ?"
        " WHERE track_id = ? AND event_table = ? AND pid IS ? AND host IS ?",
        (run.ended, run.status, _dump(run.params), run.track_id, run.table, run.pid, run.host),
    )
    return updated.rowcount > 0


def forget(connection: sqlite3.Connection, table: str, track_id: str | None = None) -> None:
    """Delete the record of one run, or of every run in `table`."""
    connection.execute(
        "DELETE FROM db.xetrack_runs WHERE event_table = ? AND track_id = ifnull(?, track_id)", (table, track_id)
    )


def records(
    connection: sqlite3.Connection, table: str, *, limit: int | None = None, track_ids: Sequence[object] | None = None
) -> list[Run]:
    """List the records of a table, most recently started first. None of these runs has rows yet."""
    chosen = "" if track_ids is None else "AND track_id IN (SELECT value FROM json_each(?))"
    bound = [] if track_ids is None else [json.dumps([run for run in track_ids if isinstance(run, str)])]
    sql = f"SELECT {_FIELDS}, params FROM db.xetrack_runs WHERE event_table = ? {chosen} ORDER BY started DESC LIMIT ?"
    found = connection.execute(sql, (table, *bound, -1 if limit is None else limit)).fetchall()
    params = unpack_all([text or "{}" for *_, text in found])
    return [
        Run(run, name, started, ended, status, host, pid, python, each)
        for (run, name, started, ended, status, host, pid, python, _), each in zip(found, params, strict=True)
    ]


def _dump(row: Row) -> str:
    return pack(row) or "{}"
