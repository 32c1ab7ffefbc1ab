"""The table of runs in a SQLite file.

Finding the last values of every run would scan every row. So each run's *summary* (these values and its number of rows)
is stored when it ends. Two triggers set it to NULL when any tool updates or deletes a row of the run, and it is ignored
if the run has a different number of rows by now. Without a valid summary, the values are read from the rows.

Until the run ends, its summary is an empty text, or NULL after such a change: then the values that the tracker
remembers may be wrong.
"""

import json
import sqlite3
from typing import Any

from xetrack._rows.normalize import IDENTITY
from xetrack._spec.types import Row, Run
from xetrack._sqlite.cells import EXTRA, pack, quote, restore, unpack
from xetrack._sqlite.connection import Database

__all__ = ["CREATE", "finish", "forget", "invalidation", "list_recorded", "list_runs", "save"]

CREATE = (
    "CREATE TABLE IF NOT EXISTS db.xetrack_runs (track_id TEXT NOT NULL, event_table TEXT NOT NULL, started TEXT,"
    " ended TEXT, status TEXT, host TEXT, pid INTEGER, python TEXT, params JSON, summary JSON,"
    " PRIMARY KEY (track_id, event_table)) WITHOUT ROWID"
)
_FIELDS = "track_id, event_table, started, ended, status, host, pid, python"
_ATTRIBUTES = ("track_id", "table", "started", "ended", "status", "host", "pid", "python")


def invalidation(table: str) -> list[str]:
    """Return the triggers on `table` that invalidate a run's summary."""
    literal = "'" + table.replace("'", "''") + "'"
    return [
        f"CREATE TRIGGER IF NOT EXISTS db.{quote(f'xetrack_{table}_{event}')} AFTER {event} ON {quote(table)} BEGIN"
        f" UPDATE xetrack_runs SET summary = NULL WHERE track_id = OLD.track_id AND event_table = {literal}"
        " AND summary IS NOT NULL; END"
        for event in ("UPDATE", "DELETE")
    ]


def save(connection: sqlite3.Connection, run: Run) -> None:
    """Record that `run` started, or was resumed."""
    connection.execute(
        f"INSERT INTO db.xetrack_runs ({_FIELDS}, params, summary) VALUES (?,?,?,?,?,?,?,?,?,'')"
        " ON CONFLICT (track_id, event_table) DO UPDATE SET ended = NULL, status = excluded.status,"
        " host = excluded.host, pid = excluded.pid, python = excluded.python, params = excluded.params,"
        " summary = NULL",
        [getattr(run, name) for name in _ATTRIBUTES] + [_dump(run.params)],
    )


def finish(database: Database, run: Run, columns: dict[str, str]) -> None:
    """Record the end of `run` and its summary, inside a transaction of the caller."""
    connection = database.connection()
    mine = "track_id = ? AND event_table = ? AND pid IS ? AND host IS ?"
    identity = (run.track_id, run.table, run.pid, run.host)
    kept = connection.execute(f"SELECT summary FROM db.xetrack_runs WHERE {mine}", identity).fetchone()
    if kept is None:
        return  # never recorded, or resumed by another process since
    ((rows,),) = connection.execute(f"SELECT count(*) FROM db.{quote(run.table)} WHERE track_id = ?", identity[:1])
    if rows != run.rows or kept[0] is None:  # others logged to this run too, or changed its rows
        _fill(database, run.table, columns, {run.track_id: run})
    connection.execute(
        f"UPDATE db.xetrack_runs SET ended = ?, status = ?, params = ?, summary = ? WHERE {mine}",
        (run.ended, run.status, _dump(run.params), json.dumps([rows, _dump(run.values)]), *identity),
    )


def forget(connection: sqlite3.Connection, table: str, track_id: str | None = None) -> None:
    """Delete the record of one run, or of every run in `table`."""
    connection.execute(
        "DELETE FROM db.xetrack_runs WHERE event_table = ? AND track_id = ifnull(?, track_id)", (table, track_id)
    )


def list_runs(database: Database, table: str, columns: dict[str, str], *, recorded: bool) -> list[Run]:
    """List the runs of `table`, most recently active first, from their records and the index of rows."""
    name = f"db.{quote(table)}"
    ends = (
        f"(SELECT timestamp FROM {name} WHERE track_id = id ORDER BY timestamp {way} LIMIT 1)" for way in ("", "DESC")
    )
    counted = database.query(  # covered by the index on (track_id, timestamp)
        f"SELECT id, rows, {', '.join(ends)}, latest FROM (SELECT track_id AS id, count(*) AS rows,"
        f" max(_rowid_) AS latest FROM {name} GROUP BY track_id) ORDER BY latest DESC"
    )
    runs = {
        track_id: Run(track_id, table, status="", rows=rows, first=first, last=last)
        for track_id, rows, first, last, _ in counted
    }
    valid = _load_records(database, table, runs) if recorded else set()
    _fill(database, table, columns, {track_id: run for track_id, run in runs.items() if track_id not in valid})
    return list(runs.values())


def list_recorded(database: Database, table: str) -> list[Run]:
    """List the runs of a table without rows, most recently started first."""
    sql = f"SELECT {_FIELDS}, params FROM db.xetrack_runs WHERE event_table = ? ORDER BY started DESC"
    return [
        Run(**dict(zip(_ATTRIBUTES, fields, strict=True)), params=_load(params))
        for *fields, params in database.query(sql, (table,))
    ]


def _load_records(database: Database, table: str, runs: dict[str, Run]) -> set[str]:
    """Add the records to `runs`. Return the runs whose summary is valid."""
    valid = set()
    sql = f"SELECT {_FIELDS}, params, summary FROM db.xetrack_runs WHERE event_table = ?"
    for track_id, _, started, ended, status, host, pid, python, params, summary in database.query(sql, (table,)):
        run = runs.get(track_id)
        if run is None:
            continue
        run.started, run.ended, run.status, run.host, run.pid, run.python = started, ended, status, host, pid, python
        run.params = _load(params)
        rows, values = _summary(summary)
        if rows == run.rows:
            run.values = _load(values)
            valid.add(track_id)
    return valid


def _fill(database: Database, table: str, columns: dict[str, str], runs: dict[str, Run]) -> None:
    """Find the last values of `runs` in one pass over their rows."""
    if not runs:
        return
    keys = [key for key in columns if key not in (*IDENTITY, EXTRA)]
    chosen = "track_id IN (SELECT value FROM json_each(?))"
    wanted = json.dumps(list(runs))
    latest = "".join(f", max(CASE WHEN {quote(key)} IS NOT NULL THEN _rowid_ END)" for key in keys)
    sql = f"SELECT track_id{latest} FROM db.{quote(table)} WHERE {chosen} GROUP BY track_id"
    where: dict[str, list[int | None]] = {}
    for track_id, *latest_rows in database.query(sql, (wanted,)):
        runs[track_id].values = {}
        where[track_id] = latest_rows
    for index, key in enumerate(keys):
        rowids = {at[index]: track_id for track_id, at in where.items() if at[index] is not None}
        for rowid, value in _cells(database, table, key, list(rowids)):
            (runs[rowids[rowid]].values[key],) = restore([value], columns[key])
    if EXTRA in columns:
        _fill_extras(database, table, keys, where, runs)


def _fill_extras(
    database: Database, table: str, keys: list[str], where: dict[str, list[int | None]], runs: dict[str, Run]
) -> None:
    """Add values from extras, unless a later row has another."""
    sql = (
        f"SELECT _rowid_, track_id, {EXTRA} FROM db.{quote(table)}"
        f" WHERE {EXTRA} IS NOT NULL AND track_id IN (SELECT value FROM json_each(?)) ORDER BY _rowid_"
    )
    for rowid, track_id, text in database.query(sql, (json.dumps(list(runs)),)):
        latest = dict(zip(keys, where[track_id], strict=True))
        for key, value in unpack(text).items():
            if value is not None and rowid >= (latest.get(key) or 0):
                runs[track_id].values[key] = value


def _cells(database: Database, table: str, key: str, rowids: list[int | None]) -> list[tuple[Any, ...]]:
    return database.query(
        f"SELECT _rowid_, {quote(key)} FROM db.{quote(table)} WHERE _rowid_ IN (SELECT value FROM json_each(?))",
        (json.dumps(rowids),),
    )


def _dump(row: Row) -> str:
    return pack(row) or "{}"


def _summary(text: str | None) -> tuple[int | None, str | None]:
    """Return the number of rows and the last values from a summary, or None for both if there is none."""
    try:
        rows, values = json.loads(text or "")
    except (ValueError, TypeError, RecursionError):  # missing or damaged: the rows have the values
        return None, None
    return rows, values


def _load(text: str | None) -> Row:
    return unpack(text) if text else {}
