"""Engines without a file: `MemoryEngine` keeps rows in Python lists, `NullEngine` keeps nothing.

`MemoryEngine` is the reference implementation of `xetrack.plugin.Engine`, and the oracle that tests compare other
engines with. It is slow, and short enough to see that it is right.
"""

import copy
import itertools
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from xetrack._rows.normalize import IDENTITY
from xetrack._rows.runs import process_is_gone
from xetrack._spec.changes import Batch, Changes
from xetrack._spec.engine import run_key
from xetrack._spec.hooks import hookimpl
from xetrack._spec.provider import Provider
from xetrack._spec.types import Columns, Json, Row, Run, Value
from xetrack._sqlite.cells import check_table, declared_type, normal_type
from xetrack._util.clock import MICROSECOND
from xetrack._util.forksafe import new_lock
from xetrack._util.offsets import merge_offsets
from xetrack.errors import ClosedError

__all__ = ["MemoryEngine", "NullEngine", "xetrack_engines"]


class MemoryEngine:
    """The reference implementation of `Engine`: rows in Python lists, lost when the process ends.

    Read it to learn what an engine does. It passes every test of `xetrack_testing.EngineContract`.
    """

    def __init__(self) -> None:
        self._lock = new_lock()
        self._tables: dict[str, list[Row]] = {}
        self._numbers: dict[str, list[int]] = {}  # of the rows in each table, ascending; none is used twice
        self._log: dict[int, tuple[str, str | None]] = {}  # the table and run of each change, None for the whole table
        self._runs: dict[tuple[str, str], Run] = {}
        self._metadata = {"id": uuid.uuid4().hex}
        self._count = itertools.count(1)
        self._depth = 0
        self._closed = False

    @property
    def conn(self) -> "MemoryEngine":
        """The engine itself, because there is no SQL."""
        self._check_open()
        return self

    @contextmanager
    def transaction(self, tables: Sequence[str] | None = None) -> Iterator[None]:
        """Keep all changes made inside, or none. Transactions may be nested. Locks all `tables` alike."""
        with self._lock:
            self._check_open()
            before = copy.deepcopy((self._tables, self._numbers, self._log, self._runs, self._metadata))
            try:
                yield
            except BaseException:
                self._tables, self._numbers, self._log, self._runs, self._metadata = before
                raise

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Store rows. A taken timestamp advances by microseconds, in the caller's row too."""
        with self._lock:
            self._check_open()
            if not rows:
                return
            name = self._name(check_table(table))
            if name not in self._tables:
                self._tables[name], self._numbers[name] = [], []
                self._note(name, None)
            kept = self._tables[name]
            taken = {(row["track_id"], row["timestamp"]) for row in kept}
            for row in rows:
                while (row["track_id"], row["timestamp"]) in taken:
                    time = datetime.fromisoformat(str(row["timestamp"])) + MICROSECOND
                    row["timestamp"] = time.isoformat(" ", "microseconds")
                taken.add((row["track_id"], row["timestamp"]))
                kept.append(dict(row))
                self._numbers[name].append(next(self._count))

    def merge(self, table: str, rows: Sequence[Row]) -> list[Row]:
        """Store the rows that are new, and return them."""
        with self._lock:
            taken = {(row["track_id"], row["timestamp"]) for row in self._rows(table)}
            fresh: list[Row] = []
            for row in rows:
                if (row["track_id"], row["timestamp"]) not in taken:
                    taken.add((row["track_id"], row["timestamp"]))
                    fresh.append(row)
            self.append(table, fresh)
            return fresh

    def read(
        self, table: str, *, track_id: str | None = None, head: int | None = None, tail: int | None = None
    ) -> Columns:
        """Return rows as columns, in insertion order."""
        with self._lock:
            rows = [row for row in self._rows(table) if track_id in {None, row["track_id"]}]
            rows = rows if head is None else rows[: max(head, 0)]
            rows = rows if tail is None else rows[max(len(rows) - max(tail, 0), 0) :]
            return {key: [row.get(key) for row in rows] for key in self.columns(table)}

    def scan(self, table: str, size: int = 10_000, *, track_id: str | None = None) -> Iterator[Columns]:
        """Yield the rows of a table or run as columns, in insertion order, `size` at a time."""
        start = 0
        while rows := [row for row in self._rows(table) if track_id in {None, row["track_id"]}][start : start + size]:
            yield {key: [row.get(key) for row in rows] for key in self.columns(table)}
            start += size

    def changes(self, table: str, since: str | None = None, size: int = 10_000) -> Changes:
        """Return what happened since a watermark: the id of this engine, the last change and the last row."""
        with self._lock:
            numbered = self._numbered(table)
            place, last = max(self._log, default=0), max(numbered, default=0)
            old_place, old_last = self._parse(since)
            fits = old_place in self._log and (not old_last or old_last in numbered)
            runs = {run for at, (name, run) in self._log.items() if at > old_place and name == self._name(table)}
            fits = fits and None not in runs
            added = {number: row for number, row in numbered.items() if not fits or number > old_last}
            changed = sorted(run for run in runs if fits and run is not None)
            batches = self._batches(table, size, added, place)
            return Changes(not fits, changed, batches, len(added), self._watermark(place, last))

    def _numbered(self, table: str) -> dict[int, Row]:
        rows = self._rows(table)
        return dict(zip(self._numbers.get(self._name(table), []), rows, strict=True))

    def _batches(self, table: str, size: int, added: dict[int, Row], place: int) -> Iterator[Batch]:
        numbers = list(added)
        for start in range(0, len(numbers), size):
            chosen = numbers[start : start + size]
            columns = {key: [added[number].get(key) for number in chosen] for key in self.columns(table)}
            yield Batch(columns, self._watermark(place, chosen[-1]))

    def _watermark(self, place: int, last: int) -> str:
        return json.dumps([self._metadata["id"], place, last])

    def _parse(self, since: str | None) -> tuple[int, int]:
        try:
            engine, place, last = json.loads(since or "")
        except (ValueError, TypeError):
            return 0, 0
        return (place, last) if engine == self._metadata["id"] else (0, 0)

    def _note(self, name: str, run: str | None) -> None:
        self._log[next(self._count)] = (name, run)

    def count(self, table: str, track_id: str | None = None) -> int:
        """Return the number of rows."""
        return sum(track_id in {None, row["track_id"]} for row in self._rows(table))

    def tables(self) -> list[str]:
        """Return the names of tables, sorted."""
        self._check_open()
        return sorted(self._tables)

    def columns(self, table: str) -> dict[str, str]:
        """Return keys, with the types of their first values that are not None."""
        with self._lock:
            rows = self._rows(table)
            columns = dict.fromkeys(IDENTITY, "TEXT") if rows else {}
            for row in rows:
                for key, value in row.items():
                    columns[key] = columns.get(key) or normal_type(declared_type(value))
            return columns

    def update(
        self, table: str, key: str, value: Value, *, track_id: str | None = None, where: tuple[str, Value] | None = None
    ) -> int:
        """Set `key` in matching rows, and return their number."""
        with self._lock:
            chosen = [
                row
                for row in self._rows(table)
                if track_id in {None, row["track_id"]} and (where is None or _same(row.get(where[0]), where[1]))
            ]
            for row in chosen:
                self._change(table, row, {key: value})
            return len(chosen)

    def amend(self, table: str, rows: Sequence[Row]) -> list[Row]:
        """Set the keys of stored rows, and return those that differed."""
        with self._lock:
            stored = {_identity(row): row for row in self._rows(table)}
            different: list[Row] = []
            for row in rows:
                old = stored.get(_identity(row), row)
                values = {key: value for key, value in row.items() if repr(old.get(key)) != repr(value)}
                if values:
                    self._change(table, old, values)
                    different.append({**values, **{key: row[key] for key in IDENTITY}})
            return different

    def _change(self, table: str, row: Row, values: Row) -> None:
        self._note(self._name(table), str(row["track_id"]))
        row.update(values)
        self._note(self._name(table), str(row["track_id"]))

    def metadata(self, keys: Sequence[str]) -> dict[str, str]:
        """Return stored texts by key."""
        self._check_open()
        return {key: self._metadata[key] for key in keys if key in self._metadata}

    def set_metadata(self, texts: Mapping[str, str | None]) -> None:
        """Store texts by key, or remove those that are None."""
        with self._lock:
            self._check_open()
            known = {**self._metadata, **texts}
            self._metadata = {key: text for key, text in known.items() if text is not None}

    def delete(self, table: str, track_id: str) -> int:
        """Delete a run, and return its number of rows."""
        with self._lock:
            rows = self._rows(table)
            left = {number: row for number, row in self._numbered(table).items() if row["track_id"] != track_id}
            gone = len(rows) - len(left)
            if gone:
                rows[:], self._numbers[self._name(table)] = left.values(), list(left)
                self._note(self._name(table), track_id)
            self._runs.pop((track_id, self._name(table)), None)
            self._forget_metadata(run_key(table, track_id))
            return gone

    def _forget_metadata(self, prefix: str) -> None:
        self._metadata = {key: text for key, text in self._metadata.items() if not key.startswith(prefix)}

    def drop(self, table: str) -> None:
        """Delete a table and its runs."""
        with self._lock:
            self._check_open()
            name = self._name(table)
            if self._tables.pop(name, None) is not None:
                self._numbers.pop(name)
                self._note(name, None)
            self._runs = {key: run for key, run in self._runs.items() if run.table != name}
            self._forget_metadata(run_key(table))

    def save_run(self, run: Run) -> None:
        """Record that a run is running. A resumed run keeps its start."""
        with self._lock:
            self._check_open()
            key = (run.track_id, self._name(run.table))
            known = self._runs.get(key)
            started = known.started if known else run.started
            offsets = merge_offsets(known.offsets if known else (), run.offsets)
            self._runs[key] = replace(run, table=key[1], ended=None, started=started, offsets=offsets)

    def finish_run(self, run: Run) -> None:
        """Record how a run ended, unless another process has resumed it."""
        with self._lock:
            self._check_open()
            known = self._runs.get((run.track_id, self._name(run.table)))
            if known is not None and (known.pid, known.host) == (run.pid, run.host):
                known.ended, known.status, known.params = run.ended, run.status, run.params
                known.offsets = merge_offsets(known.offsets, run.offsets)

    def runs(self, table: str, *, limit: int | None = None, track_ids: Sequence[str] | None = None) -> list[Run]:
        """Return runs, most recently active first."""
        with self._lock:
            found: dict[str, Run] = {}
            for row in self._rows(table):
                track_id, time = str(row["track_id"]), str(row["timestamp"])
                known = self._runs.get((track_id, self._name(table)), Run(track_id, self._name(table), status=""))
                run = found.pop(track_id, None) or replace(known, rows=0, first=time, last=time, values={})
                run.rows += 1
                run.first, run.last = min(run.first or time, time), max(run.last or time, time)
                run.values |= {key: value for key, value in row.items() if value is not None and key not in IDENTITY}
                found[track_id] = run
            for run in found.values():
                run.status = "crashed" if process_is_gone(run) else run.status
            wanted = [run for run in reversed(found.values()) if track_ids is None or run.track_id in track_ids]
            return wanted if limit is None else wanted[: max(limit, 0)]

    def latest_run(self, table: str) -> str | None:
        """Return the most recently active run."""
        rows = self._rows(table)
        return str(rows[-1]["track_id"]) if rows else None

    def has_assets(self) -> bool:
        """Return False: the engine stores no objects."""
        self._check_open()
        return False

    def flush(self) -> bool:
        """Return True: there is nothing to flush."""
        return True

    def close(self) -> None:
        """Discard all rows."""
        with self._lock:
            self._closed = True
            self._tables, self._runs = {}, {}

    def let_go(self) -> None:
        """Do nothing: there is no file to release."""

    def _rows(self, table: str) -> list[Row]:
        self._check_open()
        return self._tables.get(self._name(table), [])

    @staticmethod
    def _name(table: str) -> str:
        return "events" if table == "default" else table

    def _check_open(self) -> None:
        if self._closed:
            message = "this tracker or reader was closed. Make a new one to go on."
            raise ClosedError(message)


class NullEngine(MemoryEngine):
    """Keeps nothing, for trackers whose rows only go to sinks."""

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Discard the rows."""
        self._check_open()

    def merge(self, table: str, rows: Sequence[Row]) -> list[Row]:
        """Discard the rows."""
        self._check_open()
        return []

    def save_run(self, run: Run) -> None:
        """Discard the run."""
        self._check_open()


def _identity(row: Row) -> tuple[Value, Value]:
    return row["track_id"], row["timestamp"]


def _same(mine: Value, wanted: Value) -> bool:
    both_text = (type(mine) is Json) == (type(wanted) is Json)
    return both_text and (mine == wanted or (mine != mine and wanted != wanted))


@hookimpl
def xetrack_engines() -> list[Provider[Any]]:
    """Register the engines "memory" and "none"."""
    return [
        Provider("memory", lambda _options, _context: MemoryEngine()),
        Provider("none", lambda _options, _context: NullEngine()),
    ]
