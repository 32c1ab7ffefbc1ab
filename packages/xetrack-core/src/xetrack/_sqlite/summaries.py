"""What the rows of each run add up to, stored so that listing runs need not read the rows.

The summaries of a table are true as of its *checkpoint*, a watermark of the change feed (see `changes`). Readers add
the rows after the checkpoint, recount the runs that the feed names as changed, and count everything where the
watermark does not fit. Trackers that end a run, and deletions of runs, move the checkpoint on. Rows,
summaries and checkpoint are in one file, so a backup, copy or restore has all of one moment.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from xetrack._rows.normalize import IDENTITY
from xetrack._spec.types import Row, Run
from xetrack._sqlite.cells import pack, quote, unpack, unpack_all
from xetrack._sqlite.changes import ENTRY, Watermark, changed_runs, newest_watermark, reached
from xetrack._sqlite.errors import FAILURES
from xetrack._sqlite.totals import Totals, count, newest_runs
from xetrack._sqlite.triggers import LOG
from xetrack.errors import NotADatabaseError

__all__ = ["CREATE", "TABLE", "Summaries"]

TABLE = "xetrack_summaries"

_COLUMNS = (
    "event_table TEXT NOT NULL, track_id NOT NULL, rows INTEGER NOT NULL, first NOT NULL, last NOT NULL,"
    " last_row INTEGER NOT NULL, last_values JSON NOT NULL, PRIMARY KEY (event_table, track_id)"
)
CREATE = (
    f"CREATE TABLE IF NOT EXISTS db.{TABLE} ({_COLUMNS})",
    f"CREATE INDEX IF NOT EXISTS db.xetrack_recent ON {TABLE} (event_table, last_row)",
)
_MOST = 1_000_000
"""Rows to look at when a run ends, or twice the rows of the run. The next end goes on where this one stopped."""

_FEW = 500
"""New rows that are left to readers: moving the checkpoint would make each end of a short run slower."""

_Found: TypeAlias = dict[str, Totals]


class _State(NamedTuple):
    """How the checkpoint relates to the table as it is now."""

    old: Watermark
    now: Watermark
    changed: list[str] | None  # the runs whose summaries are out of date; None if all are


class Summaries:
    """The summaries of the runs of one table."""

    def __init__(self, connection: sqlite3.Connection, table: str, columns: dict[str, str]) -> None:
        self._connection = connection
        self._table = table
        self._columns = columns
        self._key = f"summarized {table}"

    def read(self, limit: int | None = None, track_ids: Sequence[str] | None = None) -> _Found:
        """Return what each run adds up to now, most recently active first, within a transaction of the caller."""
        state = self._state()
        later = self._since(state.old.last, state.changed, state.now.last) if state.changed is not None else None
        if later is None:
            return self.recount(limit, track_ids)
        wanted = later if track_ids is None else {run: later[run] for run in track_ids if run in later}
        stored, damaged = self._stored(limit=limit, among=track_ids, but=later)
        found = {run: totals for run, totals in wanted.items() if totals is not None} | stored
        found |= self._count(of=damaged)
        return _newest_first(found, limit)

    def recount(self, limit: int | None = None, track_ids: Sequence[str] | None = None) -> _Found:
        """Return the same from the rows alone."""
        if limit is not None:
            newest_first = newest_runs(self._connection, self._table, limit, track_ids)
            # JSON has no other types that SQLite compares as it does its own
            track_ids = newest_first if all(isinstance(run, str) for run in newest_first) else track_ids
        return _newest_first(self._count(of=track_ids), limit)

    def begin(self) -> None:
        """Set the checkpoint of a new table, right after its entry in the log."""
        self._connection.execute(
            f"INSERT OR REPLACE INTO db.xetrack_meta SELECT ?, json_array(value, place, {ENTRY}, 0, NULL, NULL)"
            f" FROM db.{LOG}, db.xetrack_meta WHERE key = 'id' ORDER BY place DESC LIMIT 1",
            (self._key,),
        )

    def finish(self, run: Run) -> None:
        """Move the checkpoint on if there is much to sum up. `run` is the one that ended, as its tracker counted it."""
        sql = (
            f"SELECT max(_rowid_), (SELECT value FROM db.xetrack_meta WHERE key = ?),"
            f" (SELECT max(place) FROM db.{LOG}) FROM db.{quote(self._table)}"
        )
        last, text, place = self._connection.execute(sql, (self._key,)).fetchone()
        old = Watermark.parse(text) if text else None
        if old is None or place != old.place or not 0 <= (last or 0) - old.last < _FEW:
            self.advance(run)

    def advance(self, run: Run | None = None) -> None:
        """Move the checkpoint on, within a transaction of the caller."""
        state = self._state()
        if state.changed is None:
            self.forget()
        try:
            until = self._until(state, run)
            found = self._run_alone(state, run) or self._since(state.old.last, state.changed or [], until)
        except (NotADatabaseError, *FAILURES):
            # A damaged row. Readers report it; the run has ended nevertheless.
            found = None
        if found is None:
            self.forget()
            return
        self._connection.executemany(
            f"INSERT OR REPLACE INTO db.{TABLE} VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (self._table, track_id, *totals[:-1], pack(totals.values) or "{}")
                for track_id, totals in found.items()
                if totals is not None
            ],
        )
        self._remove(track_id for track_id, totals in found.items() if totals is None)
        checkpoint = reached(self._connection, self._table, state.now, until)
        if checkpoint != state.old:
            self._move(checkpoint)

    def delete(self, track_id: str) -> None:
        """Follow the deletion of the rows of a run, right after `advance` and before anything else is written."""
        old = self._checkpoint()
        if old is not None:
            self._remove([track_id])
            now = newest_watermark(self._connection, self._table)
            self._move(reached(self._connection, self._table, now, min(old.last, now.last)))

    def forget(self) -> None:
        """Delete all summaries and the checkpoint."""
        self._connection.execute(f"DELETE FROM db.{TABLE} WHERE event_table = ?", (self._table,))
        self._connection.execute("DELETE FROM db.xetrack_meta WHERE key = ?", (self._key,))

    def _state(self) -> _State:
        now = newest_watermark(self._connection, self._table)
        old = self._checkpoint()
        changed = None if old is None else changed_runs(self._connection, self._table, old)
        if old is not None and changed is not None:
            return _State(old, now, changed)
        first = f"SELECT min(_rowid_) - 1 FROM db.{quote(self._table)}"
        ((before,),) = self._connection.execute(first)
        return _State(Watermark(last=before or 0), now, None)

    def _checkpoint(self) -> Watermark | None:
        stored = self._connection.execute("SELECT value FROM db.xetrack_meta WHERE key = ?", (self._key,)).fetchone()
        return None if stored is None else Watermark.parse(str(stored[0]))

    def _move(self, checkpoint: Watermark) -> None:
        self._connection.execute("INSERT OR REPLACE INTO db.xetrack_meta VALUES (?, ?)", (self._key, str(checkpoint)))

    def _until(self, state: _State, run: Run | None) -> int:
        """Return the last row to look at."""
        most = max(_MOST, 2 * run.rows if run else 0)
        if state.now.last - state.old.last <= most:
            return state.now.last
        sql = f"SELECT _rowid_ FROM db.{quote(self._table)} WHERE _rowid_ > ? ORDER BY _rowid_ LIMIT 1 OFFSET ?"
        found = self._connection.execute(sql, (state.old.last, most - 1)).fetchone()
        return int(found[0]) if found else state.now.last

    def _run_alone(self, state: _State, run: Run | None) -> _Found | None:
        """Return the totals of `run` if all of its rows, and no others, came since the checkpoint, and none changed."""
        if run is None or state.changed != [] or run.rows != state.now.last - state.old.last:
            return None
        stored = f"SELECT 1 FROM db.{TABLE} WHERE event_table = ? AND track_id = ?"
        if not run.rows or self._connection.execute(stored, (self._table, run.track_id)).fetchone():
            return None
        counting = (
            f"SELECT count(*), min(timestamp), max(timestamp) FROM db.{quote(self._table)}"
            " WHERE track_id = ? AND _rowid_ > ?"
        )
        rows, first, last = self._connection.execute(counting, (run.track_id, state.old.last)).fetchone()
        values: Row = {key: value for key, value in run.values.items() if key not in IDENTITY and value is not None}
        totals = Totals(rows, first, last, state.now.last, values).in_order(self._columns)
        return {run.track_id: totals} if rows == run.rows and totals.is_plain(run.track_id) else None

    def _since(self, after: int, changed: Sequence[str], until: int) -> dict[str, Totals | None] | None:
        """Return what differs from the summaries: runs with rows in between, and changed ones, None if they are gone.

        Return None if there are rows that no xetrack wrote, such as those with numbers for timestamps.
        """
        if after >= until and not changed:
            return {}
        later = self._count(after=after, until=until)
        # SQL compares other types in ways of its own
        if not all(totals.is_plain(run) for run, totals in later.items()):
            return None
        stored, damaged = self._stored(among=list(later))
        found: dict[str, Totals | None] = {
            run: stored[run].followed_by(totals).in_order(self._columns) if run in stored else totals
            for run, totals in later.items()
        }
        counted = self._count(of=[*changed, *damaged], until=until)
        found |= {run: counted.get(run) for run in [*changed, *damaged]}
        return found

    def _count(self, *, of: Sequence[str] | None = None, after: int | None = None, until: int | None = None) -> _Found:
        return count(self._connection, self._table, self._columns, of=of, after=after, until=until)

    def _stored(
        self, *, limit: int | None = None, among: Sequence[str] | None = None, but: Iterable[str] = ()
    ) -> tuple[_Found, list[str]]:
        """Return stored summaries, and the runs whose summaries are damaged."""
        conditions = ["event_table = ?"]
        bound: list[str | int] = [self._table]
        if among is not None:
            conditions.append("track_id IN (SELECT value FROM json_each(?))")
            bound.append(json.dumps(list(among)))
        if but:
            conditions.append("track_id NOT IN (SELECT value FROM json_each(?))")
            bound.append(json.dumps(list(but)))
        sql = (
            f"SELECT track_id, rows, first, last, last_row, last_values FROM db.{TABLE}"
            f" WHERE {' AND '.join(conditions)}"
        )
        if limit is not None:
            # the plus makes SQLite look up the runs that are named, not go through all of them in order
            sql += f" ORDER BY {'+' * (among is not None)}last_row DESC LIMIT ?"
            bound.append(limit)
        stored = self._connection.execute(sql, bound).fetchall()
        try:
            values: list[Row | None] = [*unpack_all([text for *_, text in stored])]
        except NotADatabaseError:
            values = [_unpacked(text) for *_, text in stored]
        pairs = list(zip(stored, values, strict=True))
        found = {
            run: Totals(rows, first, last, last_row, each)
            for (run, rows, first, last, last_row, _), each in pairs
            if each is not None
        }
        return found, [run for (run, *_), each in pairs if each is None]

    def _remove(self, runs: Iterable[str]) -> None:
        sql = f"DELETE FROM db.{TABLE} WHERE event_table = ? AND track_id = ?"
        self._connection.executemany(sql, [(self._table, run) for run in runs])


def _newest_first(found: _Found, limit: int | None) -> _Found:
    return dict(sorted(found.items(), key=lambda item: item[1].last_row, reverse=True)[:limit])


def _unpacked(text: str) -> Row | None:
    try:
        return unpack(text)
    except NotADatabaseError:
        return None
