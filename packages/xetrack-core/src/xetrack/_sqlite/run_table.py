"""The records of runs in a SQLite file: what their trackers say about them."""

import json
import sqlite3
from collections.abc import Sequence

from xetrack._spec.types import Row, Run
from xetrack._sqlite.cells import pack, quote, unpack_all
from xetrack._util.offsets import dump_offsets, load_offsets, merge_offsets

__all__ = ["ADD_OFFSETS", "CREATE", "OFFSETS", "finish", "forget", "former_triggers", "records", "save"]

OFFSETS = "offsets"
"""A column that files of earlier versions lack until they are written to."""

CREATE = (
    "CREATE TABLE IF NOT EXISTS db.xetrack_runs (track_id TEXT NOT NULL, event_table TEXT NOT NULL, started TEXT,"
    " ended TEXT, status TEXT, host TEXT, pid INTEGER, python TEXT, params JSON,"
    f" {OFFSETS} JSON, PRIMARY KEY (track_id, event_table)) WITHOUT ROWID"
)
ADD_OFFSETS = f"ALTER TABLE db.xetrack_runs ADD COLUMN {OFFSETS} JSON"

_FIELDS = "track_id, event_table, started, ended, status, host, pid, python"
_ATTRIBUTES = ("track_id", "table", "started", "ended", "status", "host", "pid", "python")


def former_triggers(table: str) -> list[str]:
    """Return the statements that remove what kept summaries in the records, before they had a table of their own."""
    return [f"DROP TRIGGER IF EXISTS db.{quote(f'xetrack_{table}_{event}')}" for event in ("UPDATE", "DELETE")]


def save(connection: sqlite3.Connection, run: Run) -> None:
    """Record that `run` started, or was resumed."""
    connection.execute(
        f"INSERT INTO db.xetrack_runs ({_FIELDS}, params, {OFFSETS}) VALUES (?,?,?,?,?,?,?,?,?,?)"
        " ON CONFLICT (track_id, event_table) DO UPDATE SET ended = NULL, status = excluded.status,"
        " host = excluded.host, pid = excluded.pid, python = excluded.python, params = excluded.params,"
        f" {OFFSETS} = excluded.{OFFSETS}",
        [getattr(run, name) for name in _ATTRIBUTES] + [_dump(run.params), _merged_offsets(connection, run)],
    )


def finish(connection: sqlite3.Connection, run: Run) -> bool:
    """Record the end of `run`. Return False if it was never recorded, or resumed by another process since."""
    updated = connection.execute(
        f"UPDATE db.xetrack_runs SET ended = ?, status = ?, params = ?, {OFFSETS} = ?"
        " WHERE track_id = ? AND event_table = ? AND pid IS ? AND host IS ?",
        (
            run.ended,
            run.status,
            _dump(run.params),
            _merged_offsets(connection, run),
            run.track_id,
            run.table,
            run.pid,
            run.host,
        ),
    )
    return updated.rowcount > 0


def forget(connection: sqlite3.Connection, table: str, track_id: str | None = None) -> None:
    """Delete the record of one run, or of every run in `table`."""
    connection.execute(
        "DELETE FROM db.xetrack_runs WHERE event_table = ? AND track_id = ifnull(?, track_id)", (table, track_id)
    )


def records(
    connection: sqlite3.Connection,
    table: str,
    *,
    limit: int | None = None,
    track_ids: Sequence[object] | None = None,
    with_offsets: bool = True,
) -> list[Run]:
    """List the records of a table, most recently started first. None of these runs has rows yet.

    Args:
        connection: the file.
        table: physical name of the table of events.
        limit: the most records to list.
        track_ids: only these runs.
        with_offsets: whether the file has the column.
    """
    chosen = "" if track_ids is None else "AND track_id IN (SELECT value FROM json_each(?))"
    bound = [] if track_ids is None else [json.dumps([run for run in track_ids if isinstance(run, str)])]
    sql = (
        f"SELECT {_FIELDS}, {OFFSETS if with_offsets else 'NULL'}, params FROM db.xetrack_runs"
        f" WHERE event_table = ? {chosen} ORDER BY started DESC LIMIT ?"
    )
    found = connection.execute(sql, (table, *bound, -1 if limit is None else limit)).fetchall()
    params = unpack_all([text or "{}" for *_, text in found])
    return [
        Run(run, name, started, ended, status, host, pid, python, each, offsets=load_offsets(offsets))
        for (run, name, started, ended, status, host, pid, python, offsets, _), each in zip(found, params, strict=True)
    ]


def _merged_offsets(connection: sqlite3.Connection, run: Run) -> str | None:
    """Return the offsets to store: those on record, and those of `run`."""
    sql = f"SELECT {OFFSETS} FROM db.xetrack_runs WHERE track_id = ? AND event_table = ?"
    stored = connection.execute(sql, (run.track_id, run.table)).fetchone()
    return dump_offsets(merge_offsets(load_offsets(stored[0] if stored else None), run.offsets))


def _dump(row: Row) -> str:
    return pack(row) or "{}"
