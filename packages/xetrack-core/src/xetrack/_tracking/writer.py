"""From events to durable rows of one run: params join them, objects are kept beside them, and sinks hear of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from threading import get_ident
from typing import Any

from xetrack._rows.normalize import Keep, Normaliser, readable
from xetrack._spec.types import Row, Value
from xetrack._tracking.deferral import Turns
from xetrack._tracking.session import Session
from xetrack._util.clock import Clock
from xetrack.errors import InvalidValueError

__all__ = ["Writer"]


class Writer:
    """Writes the rows of one run of `db`. Threads may share it: one call is written at a time.

    What a call asks for in the middle of another one of its thread is put off until that one ends: see `turns`.
    `started()` is called once, after the first row is committed.
    """

    def __init__(self, session: Session, db: str, started: Callable[[], None]) -> None:
        self.turns = Turns(db, session.warn)
        self.params: dict[str, Any] = {}
        self.latest: Row | None = None  # the last row, unless something may have changed it
        self._session = session
        self._started = started
        self._normalise = Normaliser()
        self._clock = Clock()

    # Rows

    def log(self, event: Mapping[str, Any], keep: Keep) -> dict[str, Any]:
        """Write one event; `keep` says what stands for an object in its row."""
        turns = self.turns
        if (turns.busy or len(turns.of_file) > 1) and (other := turns.under_way()):
            (row,) = self._promise(other, [event], keep)
            return row
        row = {**self.params, **event}
        session = self._session
        objects = session.objects
        me = get_ident()
        try:
            # what `turns.call()` does, spelt out: this is the path of every row
            with turns.lock:
                try:
                    turns.busy.add(me)
                    plain = self._normalise(row, keep)
                    if objects.of_params:
                        objects.join_params(event)
                    row["timestamp"] = self._clock.stamp()
                    row["track_id"] = session.run.track_id
                    rows = [row]
                    self._append(rows)
                    self._committed(rows, plain)
                finally:
                    objects.pending = []
                    turns.busy.discard(me)
        finally:
            if turns.later:
                turns.catch_up()
        return dict(row) if plain else readable(row)

    def log_batch(self, events: Iterable[Mapping[str, Any]], keep: Keep) -> list[dict[str, Any]]:
        """Write many events in one transaction."""
        events = list(events)
        if not events:
            return []
        if other := self.turns.under_way():
            return self._promise(other, events, keep)
        rows: list[Row] = [{**self.params, **event} for event in events]
        with self.turns.call(), self._session.objects.of_call():
            plain = self._turn(rows, events, keep)
            self._append(rows)
            self._committed(rows, plain)
        return [dict(row) if plain else readable(row) for row in rows]

    def _promise(self, other: Turns, events: Sequence[Mapping[str, Any]], keep: Keep) -> list[dict[str, Any]]:
        """Have events logged after the call that is under way, and their rows then be what is stored.

        What cannot be stored is refused now. Raises as for a row.
        """
        self._session.check_open()
        track_id = self._session.run.track_id
        for event in events:
            for key, value in event.items():
                self.check(key, value)
        copies = [dict(event) for event in events]
        rows = [{**self.params, **event, "timestamp": self._clock.stamp(), "track_id": track_id} for event in copies]

        def keep_promise() -> None:
            for row, stored in zip(rows, self.log_batch(copies, keep), strict=True):
                row.update(stored)

        other.put_off(keep_promise)
        return rows

    def _turn(self, rows: Sequence[Row], events: Sequence[Mapping[str, Any]], keep: Keep) -> bool:
        """Turn params and events into rows, in place; tell whether all of them are plain."""
        objects, track_id = self._session.objects, self._session.run.track_id
        plain = [self._normalise(row, keep) for row in rows]
        for row, event, stamp in zip(rows, events, self._clock.stamps(len(rows)), strict=True):
            if objects.of_params:
                objects.join_params(event)
            row["timestamp"] = stamp
            row["track_id"] = track_id
        return all(plain)

    def _append(self, rows: Sequence[Row]) -> None:
        session = self._session
        if session.objects.pending:
            session.check_open()
            with session.engine.transaction():
                session.objects.put_pending()
                self._insert(rows)
        else:
            self._insert(rows)

    def _insert(self, rows: Sequence[Row]) -> None:
        session = self._session
        if session.begun:
            session.engine.append(session.run.table, rows)
        else:
            session.begin(rows, dict(self.params))

    def _committed(self, rows: Sequence[Row], plain: bool) -> None:
        self.latest = rows[-1]
        self._session.committed(rows, plain)
        if not self._session.begun:
            self._session.begun = True
            self.turns.put_off(self._started)

    # Params and values

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Have `params` join every row from now on, as they are now."""
        objects = self._session.objects
        if other := self.turns.under_way():
            for key, value in params.items():
                self.check(key, value)
            other.put_off(partial(self.set_params, dict(params)))
            return
        with self.turns.call(), objects.of_call():
            stored = {}
            for key, value in params.items():
                stored[key] = self._normalise.value(key, value, self._session.strict)
                objects.freeze(key)
            self.params = {**self.params, **stored}  # anew: another thread may be reading the old ones

    def update(self, key: str, value: object, where: tuple[str, Value] | None) -> int:
        """Set `key` in those rows of the run `where` another key has a value, or in all; return how many.

        In the middle of another call of this thread: 0, and it is done after that.
        """
        session = self._session
        session.check_open()
        if other := self.turns.under_way():
            self.check(key, value)
            other.put_off(partial(self.update, key, value, where))
            return 0
        run = session.run
        with self.turns.call(), session.objects.of_call():
            if not session.engine.count(run.table, run.track_id):
                self.check(key, value)  # what cannot be stored is refused all the same
                return 0
            stored = self._normalise.value(key, value, session.strict)
            self.latest = None
            with session.engine.transaction():
                rows = session.engine.update(run.table, key, stored, track_id=run.track_id, where=where)
                if rows:
                    session.objects.put_pending(rows)
        return rows

    def stored(self, key: str, value: object, keep: Keep) -> Value:
        """The stored form of one value. Raises as for a row."""
        return self._normalise.value(key, value, keep)

    def check(self, key: str, value: object) -> None:
        """Raise `InvalidKeyError` or `InvalidValueError` if a row cannot have this, objects aside."""
        self._normalise.value(key, value, lambda *_: "")

    def can_store(self, key: str, value: object) -> bool:
        """Whether a row can have this value, objects aside."""
        try:
            self.check(key, value)
        except InvalidValueError:
            return False
        return True

    # Ending

    def end(self, status: str) -> bool:
        """Record the end of the run; False if there is none to end."""
        with self.turns.call():
            return self._session.end(status, self._clock.stamp(), dict(self.params))
