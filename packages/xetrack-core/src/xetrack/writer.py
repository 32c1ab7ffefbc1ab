"""From events to durable rows of one run: params join them, objects are kept beside them, and sinks hear of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from xetrack import runs
from xetrack.errors import InvalidValueError
from xetrack.locks import new_lock
from xetrack.protocols import Row, Value
from xetrack.session import Session
from xetrack.values import Keep, Normaliser, readable

__all__ = ["Writer"]


class Writer:
    """Writes the rows of one run. Threads may share it: one call is written at a time.

    `started()` is called once, after the first row is committed.
    """

    def __init__(self, session: Session, started: Callable[[], None]) -> None:
        self.lock = new_lock()
        self.params: dict[str, Any] = {}
        self.latest: Row | None = None  # the last row, unless something may have changed it
        self._session = session
        self._started = started
        self._normalise = Normaliser()
        self._clock = runs.Clock()

    # Rows

    def log(self, event: Mapping[str, Any], keep: Keep) -> dict[str, Any]:
        """Write one event; `keep` says what stands for an object in its row."""
        row = {**self.params, **event}
        session = self._session
        objects = session.objects
        with self.lock:
            try:
                plain = self._normalise(row, keep)
                if objects.of_params:
                    objects.join_params(event)
                row["timestamp"] = self._clock.stamp()
                row["track_id"] = session.run.track_id
                rows = [row]
                self._append(rows)
            finally:
                objects.pending.clear()
            self._committed(rows, plain)
        return dict(row) if plain else readable(row)

    def log_batch(self, events: Iterable[Mapping[str, Any]], keep: Keep) -> list[dict[str, Any]]:
        """Write many events in one transaction."""
        events = list(events)
        rows: list[Row] = [{**self.params, **event} for event in events]
        if not rows:
            return []
        with self.lock:
            try:
                plain = self._turn(rows, events, keep)
                self._append(rows)
            finally:
                self._session.objects.pending.clear()
            self._committed(rows, plain)
        return [dict(row) if plain else readable(row) for row in rows]

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

    def _committed(self, rows: Sequence[Row], plain: bool) -> None:  # noqa: FBT001 - what the normaliser found
        self.latest = rows[-1]
        self._session.committed(rows, plain)
        if not self._session.begun:
            self._session.begun = True
            self._started()

    # Params and values

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Have `params` join every row from now on, as they are now."""
        objects = self._session.objects
        with self.lock:
            try:
                stored = {}
                for key, value in params.items():
                    stored[key] = self._normalise.value(key, value, objects.keep)
                    objects.freeze(key)
                self.params = {**self.params, **stored}  # anew: another thread may be reading the old ones
            finally:
                objects.pending.clear()

    def update(self, key: str, value: object, where: tuple[str, Value] | None) -> int:
        """Set `key` in those rows of the run `where` another key has a value, or in all; return how many."""
        session = self._session
        session.check_open()
        run = session.run
        if not session.engine.count(run.table, run.track_id):
            self.check(key, value)  # what cannot be stored is refused all the same
            return 0
        with self.lock:
            try:
                stored = self._normalise.value(key, value, session.objects.keep)
                self.latest = None
                with session.engine.transaction():
                    rows = session.engine.update(run.table, key, stored, track_id=run.track_id, where=where)
                    if rows:
                        session.objects.put_pending(rows)
            finally:
                session.objects.pending.clear()
        return rows

    def stored(self, key: str, value: object, keep: Keep) -> Value:
        """The stored form of one value. Raises as for a row."""
        return self._normalise.value(key, value, keep)

    def check(self, key: str, value: object) -> None:
        """Raise `InvalidKeyError` or `InvalidValueError` if a row cannot have this, objects aside."""
        self._normalise.value(key, value, lambda _, __: "")

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
        return self._session.end(status, self._clock.stamp(), dict(self.params))
