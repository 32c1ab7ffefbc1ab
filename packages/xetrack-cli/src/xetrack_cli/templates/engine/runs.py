"""Run records: what is known of a run in addition to its rows."""

from collections.abc import Iterator

from xetrack.plugin import (
    IDENTITY,
    Columns,
    Run,
    dump_offsets,
    load_offsets,
    merge_offsets,
    pack,
    process_is_gone,
    unpack,
)

from .connection import Connection
from .tables import SEQUENCE, table_of

__all__ = ["add_values", "finish", "list_runs", "save"]

_FIELDS = "started, ended, status, host, pid, python, params, offsets"


def save(connection: Connection, run: Run, name: str) -> None:
    """Record that a run is running. A resumed run keeps its start."""
    offsets = _offsets(connection, run, name)
    connection.execute(
        f"INSERT INTO db.xetrack_runs (track_id, event_table, {_FIELDS}) VALUES (?, ?, ?, NULL, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (track_id, event_table) DO UPDATE SET ended = NULL, status = excluded.status,"
        " host = excluded.host, pid = excluded.pid, python = excluded.python, params = excluded.params,"
        " offsets = excluded.offsets",
        (run.track_id, name, run.started, run.status, run.host, run.pid, run.python, pack(run.params), offsets),
    )


def finish(connection: Connection, run: Run, name: str) -> None:
    """Record how a run ended, unless another process has resumed it. Only the same host and pid may."""
    offsets = _offsets(connection, run, name)
    connection.execute(
        "UPDATE db.xetrack_runs SET ended = ?, status = ?, params = ?, offsets = ?"
        " WHERE track_id = ? AND event_table = ? AND host IS ? AND pid IS ?",
        (run.ended, run.status, pack(run.params), offsets, run.track_id, name, run.host, run.pid),
    )


def _offsets(connection: Connection, run: Run, name: str) -> str | None:
    """Return the UTC offsets to store: those on record, and those of the run."""
    sql = "SELECT offsets FROM db.xetrack_runs WHERE track_id = ? AND event_table = ?"
    stored = connection.rows(sql, (run.track_id, name))
    return dump_offsets(merge_offsets(load_offsets(stored[0][0] if stored else None), run.offsets))


def list_runs(connection: Connection, name: str) -> list[Run]:
    """Return the runs of a table, most recently active first, without their values."""
    found = connection.rows(
        f"SELECT track_id, count(*), min(timestamp), max(timestamp) FROM {table_of(name)}"
        f" GROUP BY track_id ORDER BY max({SEQUENCE}) DESC"
    )
    runs = {run: Run(run, name, status="", rows=rows, first=first, last=last) for run, rows, first, last in found}
    records = connection.rows(f"SELECT track_id, {_FIELDS} FROM db.xetrack_runs WHERE event_table = ?", (name,))
    for track_id, *fields, params, offsets in records:
        if track_id in runs:
            run = runs[track_id]
            run.started, run.ended, run.status, run.host, run.pid, run.python = fields
            run.params = unpack(params) if params else {}
            run.offsets = load_offsets(offsets)
            # A server knows better, by a lock of the writer's session or a heartbeat.
            run.status = "crashed" if process_is_gone(run) else run.status
    return [*runs.values()]


def add_values(runs: list[Run], chunks: Iterator[Columns]) -> None:
    """Add the last value of each key. With many rows, store these values when a run ends, and read the others only."""
    by_id = {run.track_id: run for run in runs}
    for columns in chunks:
        for key in columns.keys() - set(IDENTITY):
            for track_id, value in zip(columns["track_id"], columns[key], strict=True):
                if value is not None and track_id in by_id:
                    by_id[str(track_id)].values[key] = value
