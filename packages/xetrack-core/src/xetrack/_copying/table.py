"""Copy one table, and go on from there the next time.

What was copied so far is stored in the target, in the transaction of the rows: a copy that is killed and repeated has
the same result, and two copies at once are exact. The target's own change feed tells which of its runs others changed
or deleted since; these are compared with the source again.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace

from xetrack._copying.carrier import Carrier
from xetrack._copying.origins import Origin, Origins, time_of
from xetrack._rows.tables import DEFAULT
from xetrack._spec.engine import Engine
from xetrack._spec.types import Columns, Row, Run
from xetrack._util.offsets import merge_offsets

__all__ = ["Side", "TableCopy"]


@dataclass(frozen=True)
class Side:
    """One of the two databases: its engine and its id."""

    engine: Engine
    id: str


@dataclass(frozen=True)
class _State:
    """How far a copy got.

    Attributes:
        source: the watermark of the source.
        target: the watermark of the target after the last rows that the copy wrote.
        pending: runs that others changed or deleted in the target, to be compared with the source again.
        running: runs that had not ended.
    """

    source: str | None = None
    target: str | None = None
    pending: Sequence[str] = field(default_factory=list)
    running: Sequence[str] = field(default_factory=list)


class _OvertakenError(Exception):
    """Another process copied the same table meanwhile."""


class TableCopy:
    """Copies the rows of one table.

    Attributes:
        new: the number of rows that the target did not have.
        updated: the number of rows that were changed.
    """

    def __init__(
        self, source: Side, target: Side, table: str, carrier: Carrier | None, tell: Callable[[int, int], None]
    ) -> None:
        self._source = source
        self._target = target
        self._table = DEFAULT if table == "default" else table
        self._carrier = carrier
        self._tell = tell
        self._key = f"copy/{source.id}/{self._table}"
        self._state = _State()
        self.new = self.updated = 0
        self._runs: set[str] = set()

    def run(self) -> None:
        """Copy what is new, and what changed."""
        while True:
            try:
                self._pass()
            except _OvertakenError:
                continue
            break
        self._copy_records()

    def _copy_records(self) -> None:
        """Copy the records of runs that were copied, or had not ended: whether they have by now."""
        source, target = self._source.engine, self._target.engine
        with target.transaction([self._table]):
            state = self._load()
            chosen = sorted({*self._runs, *state.running})
            known = {run.track_id: _as_stored(run) for run in target.runs(self._table, track_ids=chosen)}
            running: list[str] = []
            for run in map(_as_stored, source.runs(self._table, track_ids=chosen)):
                if run.status == "running":
                    running.append(run.track_id)
                if run.status and _is_news(run, known.get(run.track_id)):
                    target.save_run(run)
                    if run.ended is not None:
                        target.finish_run(run)
            self._save(replace(state, running=sorted(running)))

    def _pass(self) -> None:
        with self._target.engine.transaction([self._table]):
            self._state = self._noticed(self._load())
            if self._state.target is None:  # nothing is known about the rows there
                self._state = replace(self._state, source=None, pending=[])
            self._save(self._state)
        changes = self._source.engine.changes(self._table, self._state.source)
        if not changes.everything:
            self._compare(changes.runs)
        done = 0
        for batch in changes.batches:
            rows = to_dicts(batch.rows)
            # An added row may be in the target already: INSERT OR REPLACE gives a changed row a new place.
            self._store(rows, revise=True, watermark=batch.watermark)
            done += len(rows)
            self._tell(done, max(done, changes.expected))
        self._store([], watermark=changes.watermark)

    def _compare(self, changed: Sequence[str]) -> None:
        """Read runs again: those that changed in the source, and those of which the target may lack rows."""
        for run in sorted({*changed, *self._state.pending}):
            for columns in self._source.engine.scan(self._table, track_id=run):
                self._store(to_dicts(columns), revise=run in changed)
            self._store([], compared=run)

    # The state

    def _load(self) -> _State:
        text = self._target.engine.metadata([self._key]).get(self._key)
        return _State(**json.loads(text)) if text else _State()

    def _save(self, state: _State) -> None:
        text = json.dumps(asdict(state))
        if self._target.engine.metadata([self._key]) != {self._key: text}:
            self._target.engine.set_metadata({self._key: text})

    def _noticed(self, state: _State) -> _State:
        """Add what others did to the target. Its watermark is None if that is unknown."""
        seen = self._target.engine.changes(self._table, state.target)
        if seen.everything:
            return replace(state, target=None)
        return replace(state, target=seen.watermark, pending=sorted({*state.pending, *seen.runs}))

    # Rows

    def _store(
        self, rows: list[Row], *, revise: bool = False, watermark: str | None = None, compared: str | None = None
    ) -> None:
        """Store rows, and how far the copy got with them. If `revise`, change rows that differ."""
        engine = self._target.engine
        with engine.transaction([self._table]):
            state = self._load()
            if state != self._state:
                raise _OvertakenError
            state = self._noticed(state)
            lost = state.target is None and self._state.target is not None
            new, updated = self._merge(rows, revise=revise)
            if self._carrier is not None:
                self._carrier.carry([*new, *updated])
            state = replace(
                state,
                source=None if lost else watermark or state.source,
                target=engine.changes(self._table).watermark,
                pending=[run for run in state.pending if run != compared],
            )
            self._save(state)
        self._state = state
        self.new += len(new)
        self.updated += len(updated)

    def _merge(self, rows: list[Row], *, revise: bool) -> tuple[list[Row], list[Row]]:
        """Store rows. Return the new ones, and what changed in the others."""
        by_run: dict[str, list[Row]] = {}
        for row in rows:
            by_run.setdefault(str(row["track_id"]), []).append(row)
        self._runs |= by_run.keys()
        here = Origins.load(self._source.engine, self._table, by_run)
        there = Origins.load(self._target.engine, self._table, by_run)
        mixed = {run for run in by_run if not self._is_from_one_place(here[run], there[run], run, by_run[run])}
        plain = [row for row in rows if row["track_id"] not in mixed] if mixed else rows
        new = self._target.engine.merge(self._table, plain)
        updated = self._target.engine.amend(self._table, plain) if revise and len(new) < len(plain) else []
        for run in by_run.keys() - mixed:
            there[run].add(here[run].files or [self._source.id])
        for run in sorted(mixed):
            more, changed = self._merge_mixed(by_run[run], here[run], there[run], revise=revise)
            new, updated = [*new, *more], [*updated, *changed]
        return new, updated

    def _is_from_one_place(self, here: Origins, there: Origins, run: str, rows: list[Row]) -> bool:
        """Whether all rows of a run, in both databases, come from one database. Then a row's time says which it is."""
        if here.mixed or there.mixed or len(here.files) > 1:
            return False
        origin = here.files[0] if here.files else self._source.id
        if there.files:
            return there.files == [origin]
        if origin == self._target.id:
            return True
        stored = next(self._target.engine.scan(self._table, len(rows), track_id=run), None)
        if stored is None:
            return True
        # Rows from before origins were recorded: the same rows, or the target's own?
        known = {repr(sorted(row.items())) for row in to_dicts(stored)}
        return not known.isdisjoint(repr(sorted(row.items())) for row in rows)

    def _merge_mixed(
        self, rows: list[Row], here: Origins, there: Origins, *, revise: bool
    ) -> tuple[list[Row], list[Row]]:
        """Store rows of a run that several databases logged. Different rows of one time are all kept."""
        engine, table, run = self._target.engine, self._table, str(rows[0]["track_id"])
        origins = here.of([time_of(row) for row in rows], self._source.id)
        if not there.files:
            is_ours = any(engine.scan(table, 1, track_id=run))
            there.add([self._target.id if is_ours else next(iter(origins.values())).file])
        moved = there.moved(origins.values())
        placed = [(origin, row | {"timestamp": moved.get(origin, origin.timestamp)})
                  for row in rows for origin in [origins[time_of(row)]]]  # fmt: skip
        occupants = there.of([time_of(row) for _, row in placed], there.files[0])
        new = engine.merge(table, [row for _, row in placed])
        inserted = {id(row) for row in new}
        entries: dict[str, Origin] = {time_of(row): origin for origin, row in placed if id(row) in inserted}
        same: list[Row] = []
        clashing: list[tuple[Origin, Row]] = []
        for origin, row in placed:
            if id(row) not in inserted:
                if entries.get(time_of(row), occupants[time_of(row)]) == origin:
                    same.append(row)
                else:
                    clashing.append((origin, row))
        engine.append(table, [row for _, row in clashing])  # which gives them free times
        entries |= {time_of(row): origin for origin, row in clashing}
        new += [row for _, row in clashing]
        known = occupants | dict.fromkeys(entries.keys() - occupants.keys())
        there.add(
            [origin.file for origin in origins.values()],
            {time: origin for time, origin in entries.items() if origin != known[time]},
        )
        return new, engine.amend(table, same) if revise else []


def _as_stored(run: Run) -> Run:
    """Return a run with its recorded status: each engine finds out for itself which runs crashed."""
    return replace(run, status="running") if run.status == "crashed" else run


def _is_news(run: Run, known: Run | None) -> bool:
    """Whether a run went on or ended since its record was copied."""
    if known is None:
        return True
    if known.status in {"", "running"}:
        if merge_offsets(known.offsets, run.offsets) != known.offsets:
            return True
        return (run.status, run.ended, run.params) != (known.status, known.ended, known.params)
    return (run.ended or run.last or "") > (known.ended or "")


def to_dicts(columns: Columns) -> list[Row]:
    """Return columns as rows without None, which may only mean that a row lacks the key."""
    rows = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    return [{key: value for key, value in row.items() if value is not None} for row in rows]
