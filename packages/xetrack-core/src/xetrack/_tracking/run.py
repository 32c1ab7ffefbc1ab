"""One run, as it is written: its engine, its record, its params, its rows and its end."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from threading import get_ident
from typing import Any, Self

from xetrack._plugins.factory import choose_engine, open_cache, open_engine
from xetrack._plugins.registry import discovered
from xetrack._rows.normalize import Keep, Normaliser, decode, readable
from xetrack._spec.assets import Asset, AssetStore
from xetrack._spec.hooks import RunInfo
from xetrack._spec.provider import Context
from xetrack._spec.types import Row, Run, Value
from xetrack._tracking.assets import Keeper, Objects, open_store, store_needed
from xetrack._tracking.deferral import busy, defer, deferred, exclusive, run_deferred
from xetrack._tracking.ids import new_run, new_track_id
from xetrack._tracking.observers import Observers
from xetrack._tracking.settings import Settings
from xetrack._tracking.warner import Warner
from xetrack._util.clock import Clock
from xetrack._util.environment import safe_mode
from xetrack._util.forksafe import new_lock
from xetrack._util.interrupts import block
from xetrack._util.text import explain
from xetrack.errors import ClosedError, InvalidValueError

__all__ = ["RunWriter"]


class RunWriter:
    """Writes one run. Calls from several threads are serialized, and re-entrant calls are deferred.

    Args:
        settings: those of the tracker.
        track_id: name of the run; generated if None.
    """

    def __init__(self, settings: Settings, track_id: str | None) -> None:
        self.closed = True  # until the engine is open
        self.begun = False  # whether a row of ours is stored, and with it the record of the run
        self.offset: int | None = None  # the UTC offset of the last row stored; None until there is one
        self.settings = settings
        self.warn = Warner(wanted=settings.warnings)
        self.lock = new_lock()
        self.params: dict[str, Any] = {}
        self.latest: Row | None = None  # the last row, unless something may have changed it
        self.assets_of_params: dict[str, list[Asset]] = {}
        self._normalise = Normaliser()
        self._clock = Clock()
        self._plugins = plugins = discovered().having(settings.plugins)
        chosen = choose_engine(plugins, settings.db, settings.engine)
        self.engine, routed = open_engine(plugins, settings.db, chosen, settings.table, settings.options)
        try:
            self.record: Run = new_run(track_id or self._new_track_id(), settings.table)
            context = Context(
                settings.db.shown,
                settings.table,
                self.record.track_id,
                engine=self.engine,
                trusted=settings.trusted and not safe_mode(),
                warn=self.warn,
            )
            self.cache = open_cache(routed, context)
            self.objects = Objects(lambda: open_store(plugins, routed, context), self.warn)
            self.strict = Keeper(self.objects.keep, self.objects.claims)
            self.lenient = Keeper(self.objects.keep_or_describe, self.objects.claims)
            if any(offer.kind == "asset_stores" for offer, _ in routed):
                self.objects.store()  # so that its options are checked now, not at the first object
            self.observers = Observers(plugins, routed, context, self.warn)
        except BaseException:
            self.engine.close()
            raise
        self.closed = False
        if settings.warnings:
            plugins.warn_of_failures()

    def portable(self) -> dict[str, Any]:
        """What another process needs to write to the same run. Raises `OptionError` for a database in memory."""
        self.check_open()
        self.settings.check_portable()
        with self.lock:  # copies, since other threads go on while these are pickled
            return {
                "settings": self.settings,
                "record": replace(self.record, values=dict(self.record.values)),
                "params": self.params,
                "assets_of_params": dict(self.assets_of_params),
            }

    @classmethod
    def resumed(cls, state: Mapping[str, Any]) -> Self:
        """Open the run that `portable` described."""
        run = cls(state["settings"], state["record"].track_id)
        run.record, run.params = state["record"], state["params"]
        run.assets_of_params = state["assets_of_params"]
        return run

    def _new_track_id(self) -> str:
        while True:
            track_id = new_track_id()
            if not self.engine.count(self.settings.table, track_id):
                return track_id

    @block
    def _call(self) -> Iterator[None]:
        """Make this call the only one until the end of the block."""
        with exclusive(), self.lock:
            try:
                yield
            finally:
                self.objects.prepared = []

    # Rows

    def log(self, event: Mapping[str, Any], keep: Keep) -> dict[str, Any]:
        """Store one event; `keep` returns what replaces an object in the row. Return the row, decoded."""
        me = get_ident()
        if me in busy:
            return self._promise([event], keep)[0]
        row: dict[str, Any] = {**self.params, **event}
        record, objects = self.record, self.objects
        try:
            # what `_call` does, inlined: every row takes this path
            with self.lock:
                try:
                    busy.add(me)
                    decoded = self._normalise(row, keep)
                    if self.assets_of_params:
                        self._use_assets_of_params(event)
                    row["timestamp"] = self._clock.stamp()
                    row["track_id"] = record.track_id
                    if self._clock.offset == self.offset and not objects.prepared:
                        self.engine.append(record.table, [row])
                    else:
                        self._append([row])
                    self.latest = row
                    record.rows += 1
                    record.values.update(row if decoded is None else _without_none(row))
                    if self.observers.sinks:
                        self.observers.emit(row)
                    if not self.begun:
                        self._start()
                finally:
                    objects.prepared = []
                    busy.discard(me)
        finally:
            if deferred:
                run_deferred()
        return dict(row) if decoded is None else {**row, **decoded}

    def log_batch(self, events: Sequence[Mapping[str, Any]], keep: Keep) -> list[dict[str, Any]]:
        """Store many events in one transaction. Return their rows, decoded."""
        if not events:
            return []
        if get_ident() in busy:
            return self._promise(events, keep)
        rows: list[Row] = [{**self.params, **event} for event in events]
        with self._call():
            decoded = [self._normalise(row, keep) for row in rows]
            for row, event, stamp in zip(rows, events, self._clock.stamps(len(rows)), strict=True):
                self._use_assets_of_params(event)
                row["timestamp"] = stamp
                row["track_id"] = self.record.track_id
            self._append(rows)
            self.record.rows += len(rows)
            self.latest = rows[-1]
            for row in rows:
                self.record.values.update(_without_none(row))
                self.observers.emit(row)
            if not self.begun:
                self._start()
        return [{**row, **(values or {})} for row, values in zip(rows, decoded, strict=True)]

    def _append(self, rows: Sequence[Row]) -> None:
        """Store rows and what they need: the objects that they name, the record of the run, and a new UTC offset."""
        self.check_open()
        known = self.record.offsets
        try:
            with self.engine.transaction([self.record.table]):
                self._put_assets()
                if not self.begun:
                    self.record.started = self.record.started or str(rows[0]["timestamp"])
                    self.record.params = dict(self.params)
                    self.record.offsets = self._clock.offsets(known, rows)
                    self.engine.save_run(self.record)
                self.engine.append(self.record.table, rows)
                # only now, since a row whose time was taken has got another one
                if self.begun and (offsets := self._clock.offsets(known, rows)) != known:
                    self.record.offsets = offsets
                    self.engine.save_run(self.record)
        except BaseException:
            self.record.offsets = known
            raise
        self.offset = self._clock.offset

    def _start(self) -> None:
        self.begun = True
        defer(lambda: self.fire("xetrack_run_started", run=self.info()), self.warn)

    def _promise(self, events: Sequence[Mapping[str, Any]], keep: Keep) -> list[dict[str, Any]]:
        """Defer events. Return provisional rows, updated once stored. Invalid values raise now."""
        self.check_open()
        copies = [dict(event) for event in events]
        for event in copies:
            for key, value in event.items():
                self.check(key, value)
        identity = {"track_id": self.record.track_id}
        rows = [{**self.params, **event, "timestamp": self._clock.stamp(), **identity} for event in copies]

        def keep_promise() -> None:
            for row, stored in zip(rows, self.log_batch(copies, keep), strict=True):
                row.update(stored)

        defer(keep_promise, self.warn)
        return rows

    # Objects

    def _put_assets(self, uses: int = 1) -> None:
        """Store the objects that this call prepared, inside the transaction of its rows."""
        if self.objects.prepared:
            store = self.assets()
            for key, asset in self.objects.prepared:
                store.put(asset, key, uses)

    def _use_assets_of_params(self, event: Mapping[str, Any]) -> None:
        """Have a row name the objects of params too, unless the event has its own value there."""
        for key, assets in self.assets_of_params.items():
            if key not in event:
                self.objects.prepared.extend((key, asset) for asset in assets)

    def assets(self) -> AssetStore:
        """The asset store. Raises `PluginNotInstalledError` if there is none."""
        self.check_open()
        store = self.objects.store()
        if store is None:
            raise store_needed(self._plugins, "storing objects")
        return store

    # Params and values

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Add `params`, as they are now, to every row from now on."""
        if get_ident() in busy:
            for key, value in params.items():
                self.check(key, value)
            defer(partial(self.set_params, dict(params)), self.warn)
            return
        with self._call():
            stored = {}
            for key, value in params.items():
                self.objects.prepared = []
                stored[key] = self._normalise.value(key, value, self.strict)
                self.assets_of_params.pop(key, None)
                if self.objects.prepared:  # a copy, for rows to come
                    assets = [replace(each, pieces=(b"".join(each.parts()),)) for _, each in self.objects.prepared]
                    self.assets_of_params[key] = assets
            self.params = {**self.params, **stored}  # a new dict: another thread may be reading the old one

    def update(self, key: str, value: object, where: tuple[str, Value] | None) -> int:
        """Set `key` in those rows of the run `where` another key has a value, or in all. Return how many.

        A re-entrant call returns 0, and is deferred.
        """
        self.check_open()
        if get_ident() in busy:
            self.check(key, value)
            defer(partial(self.update, key, value, where), self.warn)
            return 0
        run = self.record
        with self._call():
            if not self.engine.count(run.table, run.track_id):
                self.check(key, value)  # an invalid value raises even so
                return 0
            stored = self._normalise.value(key, value, self.strict)
            self.latest = None
            with self.engine.transaction([run.table]):
                rows = self.engine.update(run.table, key, stored, track_id=run.track_id, where=where)
                if rows:
                    self._put_assets(rows)
        return rows

    def take_asset(self, hash_value: str, column: str) -> bool:
        """Set `column` to None in the rows that name an object there, and take these uses back."""
        with self._call():
            self.latest = None
            rows = self.engine.update(self.record.table, column, None, where=(column, hash_value))
            return rows > 0 and self.assets().remove(hash_value, rows)

    def stored(self, key: str, value: object, keep: Keep) -> Value:
        """Return the stored form of one value. Raises as for a row."""
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

    # The run as a whole

    def info(self) -> RunInfo:
        """The run as hooks see it."""
        run = self.record
        params = {key: decode(value) for key, value in self.params.items()}
        return RunInfo(self.settings.db.shown, run.table, run.track_id, params, run.rows, self.engine)

    def fire(self, hook: str, **arguments: Any) -> None:
        """Call a lifecycle hook of every plugin, and warn of those that fail."""
        for failure in self._plugins.fire(hook, **arguments):
            self.warn(failure, failure)

    def last_row(self) -> dict[str, Any] | None:
        """A copy of the last row, decoded; None if it has to be read."""
        with self.lock:
            return None if self.latest is None else readable(self.latest)

    def check_open(self) -> None:
        """Raise `ClosedError` once the tracker was closed."""
        if self.closed:
            name = self.record.track_id
            raise ClosedError(
                f"the tracker of run {name} is closed. To resume the run: Tracker(..., track_id={name!r})."
            )

    def flush(self) -> None:
        """Make the database file whole on its own, and flush the sinks."""
        self.check_open()
        if get_ident() in busy:
            defer(self.flush, self.warn)
            return
        with self._call():
            db = self.settings.db.shown
            try:
                if not self.engine.flush():
                    self.warn(
                        "flush",
                        f"{db} is being read, so its newest rows are still in {db}-wal. Keep both files together.",
                    )
            finally:
                self.observers.flush()

    def close(self, status: str, *, forgotten: bool = False) -> None:
        """End the run with this status, and release all resources. Closing twice does nothing.

        The engine of a forgotten tracker stays open, if it can, while its `conn` or `assets` are in use.
        """
        if get_ident() in busy:
            defer(partial(self.close, status), self.warn)
            return
        with self.lock:
            if self.closed:
                return
            try:
                if self._end(status):
                    self.fire("xetrack_run_finished", run=self.info(), status=status)
            finally:
                self._let_go(forgotten=forgotten)
        if deferred:
            run_deferred()  # which warns of calls that can no longer run

    def _end(self, status: str) -> bool:
        """Record the end of the run; False if there is none to end, or it is another process's to end."""
        with self._call():
            if not self.begun or self.record.pid != os.getpid():
                return False
            self.record.ended, self.record.status = self._clock.stamp(), status
            self.record.offsets = self._clock.offsets(self.record.offsets, [{"timestamp": self.record.ended}])
            self.record.params = dict(self.params)
            self.engine.finish_run(self.record)
            return True

    def _let_go(self, *, forgotten: bool) -> None:
        self.closed = True
        self.begun = False
        self.offset = None  # so that the next call checks whether this is open
        self.observers.close()
        cache, self.cache = self.cache, None
        try:
            if cache is not None:
                cache.close()
        except Exception as error:
            self.warn("cache close", f"the result cache failed to close: {explain(error)}")
        finally:
            let_go = getattr(self.engine, "let_go", None) if forgotten else None
            (let_go or self.engine.close)()


def _without_none(row: Row) -> Row:
    return {key: value for key, value in row.items() if value is not None}
