"""Read an engine's times in UTC, from the offsets that runs record."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

from xetrack._spec.changes import Batch, Changes
from xetrack._spec.engine import Engine
from xetrack._spec.types import Columns, Run, Value
from xetrack._util.offsets import Offsets, possible_offsets, to_utc
from xetrack.errors import XetrackWarning, outer_level

__all__ = ["in_utc"]

_MOST_LISTED = 3


def in_utc(engine: Engine) -> Engine:
    """Return an engine whose rows and runs are read in UTC."""
    return cast("Engine", _EngineInUtc(engine))


class _EngineInUtc:
    """An engine whose rows and runs are read in UTC. Everything else is the engine's own.

    Local times that came twice, as when daylight saving time ends, are told apart by the order of the rows. Runs
    without a record of their offsets keep local times, and one warning names some.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = self.in_local_time = engine
        self._warned = False

    def __getattr__(self, name: str) -> Any:
        """Return what the engine itself has."""
        return getattr(self._engine, name)

    def read(
        self, table: str, *, track_id: str | None = None, head: int | None = None, tail: int | None = None
    ) -> Columns:
        """Return rows as `Engine.read` does, with UTC."""
        return self._rows(table, self._engine.read(table, track_id=track_id, head=head, tail=tail))

    def scan(self, table: str, size: int = 10_000, *, track_id: str | None = None) -> Iterator[Columns]:
        """Yield rows as `Engine.scan` does, with UTC."""
        return (self._rows(table, columns) for columns in self._engine.scan(table, size, track_id=track_id))

    def changes(self, table: str, since: str | None = None, size: int = 10_000) -> Changes:
        """Return what happened as `Engine.changes` does, with UTC."""
        found = self._engine.changes(table, since, size)
        batches = (Batch(self._rows(table, batch.rows), batch.watermark) for batch in found.batches)
        return replace(found, batches=batches)

    def runs(self, table: str, *, limit: int | None = None, track_ids: Sequence[str] | None = None) -> list[Run]:
        """Return runs as `Engine.runs` does, with UTC. Their only offset is 0."""
        found = self._engine.runs(table, limit=limit, track_ids=track_ids)
        self._warn([run.track_id for run in found if not run.offsets])
        return [self._run(run) if run.offsets else run for run in found]

    def _rows(self, table: str, columns: Columns) -> Columns:
        if not columns or not columns["timestamp"]:
            return columns
        names = {run: None for run in columns["track_id"] if isinstance(run, str)}
        known = {run.track_id: run.offsets for run in self._engine.runs(table, track_ids=list(names))}
        self._warn([run for run in names if not known.get(run)])
        times: dict[Value, _Times] = {
            run: _Times(self._engine, table, run, offsets) for run, offsets in known.items() if offsets
        }
        moved: list[Value] = [
            times[run].utc(time) if run in times and isinstance(time, str) else time
            for run, time in zip(columns["track_id"], columns["timestamp"], strict=True)
        ]
        return {**columns, "timestamp": moved}

    def _run(self, run: Run) -> Run:
        times = _Times(self._engine, run.table, run.track_id, run.offsets)
        first, last = run.first and times.utc(run.first), run.last and times.utc(run.last)
        if len(run.offsets) > 1:
            # the earliest local time need not be the earliest row
            every = sorted(times.of_all_rows())
            first, last = (every[0], every[-1]) if every else (first, last)
        started = run.started and _of(run.started, run.offsets, 0)
        ended = run.ended and _of(run.ended, run.offsets, -1)
        offsets = ((started or first or run.offsets[0][0], 0),)
        return replace(run, started=started, ended=ended, first=first, last=last, offsets=offsets)

    def _warn(self, unknown: Sequence[str]) -> None:
        if not unknown or self._warned:
            return
        self._warned = True
        listed = ", ".join(unknown[:_MOST_LISTED]) + ", ..." * (len(unknown) > _MOST_LISTED)
        runs = f"{len(unknown)} run{'s have' if len(unknown) > 1 else ' has'}"
        message = f"{runs} no record of UTC offsets: {listed}. Their times stay local, as they were logged."
        warnings.warn(message, XetrackWarning, stacklevel=outer_level())


class _Times:
    """Converts the times of one run, which may have had several offsets."""

    def __init__(self, engine: Engine, table: str, run: str, offsets: Offsets) -> None:
        self._rows: Callable[[], Iterator[Columns]] = lambda: engine.scan(table, track_id=run)
        self._offsets = offsets
        self._walked: dict[str, int] | None = None
        # Of the last minutes: their text, and what it is in UTC.
        self._minutes: dict[str, str] = {}
        self._constant = len(offsets) == 1
        self._by_minute = self._constant and offsets[0][1] % 60 == 0

    def utc(self, time: str) -> str:
        """Return a time of a row in UTC; unchanged if it is not a time."""
        if not self._by_minute or len(time) != len("2026-01-31 12:00:00.000000"):
            return to_utc(time, self._offset(time)) or time
        minute = time[:16]
        if minute not in self._minutes:
            moved = to_utc(f"{minute}:00", self._offsets[0][1])
            if moved is None:
                return time
            self._minutes[minute] = moved[:16]
        return self._minutes[minute] + time[16:]

    def of_all_rows(self) -> list[str]:
        """Return the times of all rows in UTC."""
        return [to_utc(time, offset) or time for time, offset in self._walk().items()]

    def _offset(self, time: str) -> int:
        first = self._offsets[0][1]
        if self._constant:
            return first
        possible = _possible(self._offsets, time)
        return possible[0] if len(possible) == 1 else self._walk().get(time, (possible or [first])[0])

    def _walk(self) -> dict[str, int]:
        """Return the offset of each time of the run. In a run, a time is unique, and the order of rows tells which."""
        if self._walked is None:
            begins = dict(self._offsets)
            now = self._offsets[0][1]
            self._walked = {}
            for columns in self._rows():
                for time in map(str, columns["timestamp"]):
                    possible = _possible(self._offsets, time)
                    now = possible[0] if len(possible) == 1 else begins.get(time, now)
                    self._walked[time] = now
        return self._walked


def _of(time: str, offsets: Offsets, which: int) -> str:
    possible = _possible(offsets, time) or [offsets[which][1]]
    return to_utc(time, possible[which]) or time


def _possible(offsets: Offsets, time: str) -> list[int]:
    try:
        return possible_offsets(offsets, time)
    except (ValueError, OverflowError):
        return []
