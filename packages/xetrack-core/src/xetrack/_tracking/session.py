"""A run under way: its engine, its record, its asset store, and what listens."""

import os
import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xetrack._plugins.factory import open_engine
from xetrack._plugins.registry import Offer, discovered
from xetrack._spec.assets import AssetStore
from xetrack._spec.cache import ResultCache
from xetrack._spec.provider import Context
from xetrack._spec.types import Row
from xetrack._tracking.assets import Keeper, Objects, open_store, store_needed
from xetrack._tracking.ids import new_run, new_track_id
from xetrack._tracking.observers import Listeners
from xetrack._util.environment import safe_mode
from xetrack._util.paths import SKIP_INSERT
from xetrack._util.text import explain
from xetrack.errors import ClosedError, OptionError, XetrackWarning, outer_level

__all__ = ["Session", "Settings"]


@dataclass(frozen=True)
class Settings:
    """What a tracker was made with; enough to make another one in another process."""

    db: str
    table: str
    engine: str
    options: Mapping[str, Any]
    plugins: tuple[object, ...]
    warnings: bool
    trusted: bool = True

    def check_portable(self) -> None:
        """Raise `OptionError` if no other process can reach the database."""
        if "://" not in self.db and self.db != SKIP_INSERT and not Path(self.db).is_absolute():
            message = (
                f"a tracker of {self.db} lives in this process only. Give it a file, and other processes can share it."
            )
            raise OptionError(message)


class Session:
    """Everything a tracker opens, from the first option to the end of the run."""

    def __init__(self, settings: Settings, track_id: str | None) -> None:
        self.closed = True  # until the engine is open
        self.begun = False
        self._settings = settings
        # no method of ours: what is handed out holds it, and would hold the session with it
        self.warn = _Warner(wanted=settings.warnings)
        self._logger: Callable[[], Any] = _nothing
        self.cache: ResultCache | None = None
        self._plugins = plugins = discovered().having(settings.plugins)
        self.engine, self._routed = open_engine(plugins, settings.db, settings.engine, settings.table, settings.options)
        try:
            self.run = new_run(track_id or self._new_track_id(), settings.table)
            trusted = settings.trusted and not safe_mode()
            self._context = context = Context(
                settings.db,
                settings.table,
                self.run.track_id,
                engine=self.engine,
                trusted=trusted,
                warn=self.warn,
            )
            self.cache = self._open_cache()
            routed = self._routed
            self.objects = Objects(lambda: open_store(plugins, routed, context), self.warn)
            self.strict, self.lenient = (Keeper(self.objects, strict=strict) for strict in (True, False))
            if any(offer.kind == "asset_stores" for offer, _ in routed):
                self.objects.store()  # what is wrong with its options shows now, not at the first object
            self.listeners = Listeners(routed, context, self.warn)
        except BaseException:
            self.engine.close()
            raise
        self.closed = False
        if settings.warnings:
            self._plugins.warn_of_failures()

    def _open_cache(self) -> ResultCache | None:
        """The cache of results whose options were given; None without any."""
        opened = [(offer, offer.open(given, self._context)) for offer, given in self._routed if offer.kind == "caches"]
        caches: list[tuple[Offer, ResultCache]] = [(offer, cache) for offer, cache in opened if cache is not None]
        if len(caches) > 1:
            names = ", ".join(offer.provider.name for offer, _ in caches)
            raise OptionError(f"there are several caches of results ({names}): give the options of one.")
        return caches[0][1] if caches else None

    def _new_track_id(self) -> str:
        while True:
            track_id = new_track_id()
            if not self.engine.count(self._settings.table, track_id):
                return track_id

    # Rows

    def begin(self, rows: Sequence[Row], params: Row) -> None:
        """Store the first rows of the run, and the record of the run, in one transaction."""
        self.check_open()
        self.run.started = self.run.started or str(rows[0]["timestamp"])
        self.run.params = params
        with self.engine.transaction():
            self.engine.save_run(self.run)
            self.engine.append(self.run.table, rows)

    def committed(self, rows: Sequence[Row], plain: bool) -> None:
        """Count rows that are durable now, remember what they told, and pass them to the sinks."""
        run = self.run
        run.rows += len(rows)
        for row in rows:
            run.values.update(row if plain else {key: value for key, value in row.items() if value is not None})
        if self.listeners.sinks:
            for row in rows:
                self.listeners.emit(row)

    def assets(self) -> AssetStore:
        """The asset store. Raises `PluginNotInstalledError` if there is none."""
        self.check_open()
        store = self.objects.store()
        if store is None:
            raise store_needed(self._plugins, "keeping objects")
        return store

    # Logs

    def logger(self, tell: Callable[..., None]) -> Any:
        """What a sink brings for logging beside rows; without one, what the sink "logs" brings for no options.

        It holds the tracker through `tell`, so it is held weakly here: the same one as long as anybody has it.
        """
        self.check_open()
        logger = self._logger()
        if logger is None:
            known = [sink for _, sink in [*self.listeners.sinks, *self.listeners.loggers] if hasattr(sink, "logger")]
            sink: Any = known[0] if known else self._plugins.pick("sinks", "logs").open({}, self._context)
            if not known:
                self.listeners.loggers.append(("logs", sink))
            logger = sink.logger(tell)
            self._logger = _weakly(logger)
        return logger

    # Ending

    def end(self, status: str, time: str, params: Row) -> bool:
        """Record the end of the run; False if there is none to end, or it is another process's to end."""
        if not self.begun or self.run.pid != os.getpid():
            return False
        self.run.ended, self.run.status, self.run.params = time, status, params
        self.engine.finish_run(self.run)
        return True

    def flush(self) -> None:
        """Make the store whole on its own, and have the sinks write out what they hold back."""
        db = self._settings.db
        try:
            if not self.engine.flush():
                self.warn("flush", f"{db} is being read: the newest rows are still in {db}-wal beside it.")
        finally:
            self.listeners.flush()

    def close(self, *, forgotten: bool = False) -> None:
        """Let go of everything.

        The engine of a forgotten tracker stays open as long as somebody uses `conn` or `assets` of it, if it can.
        """
        self.closed = True
        self.listeners.close()
        cache, self.cache = self.cache, None
        try:
            if cache is not None:
                cache.close()
        except Exception as error:
            self.warn("cache close", f"close() of the cache of results failed: {explain(error)}")
        finally:
            let_go = getattr(self.engine, "let_go", None) if forgotten else None
            (let_go or self.engine.close)()

    def check_open(self) -> None:
        """Raise `ClosedError` once the tracker was closed."""
        if self.closed:
            resume = f"Tracker(..., track_id={self.run.track_id!r})"
            raise ClosedError(f"the tracker of run {self.run.track_id} was closed. To go on with the run: {resume}.")

    def fire(self, hook: str, **arguments: Any) -> None:
        """Call a lifecycle hook of all plugins; warn of those that fail."""
        for failure in self._plugins.fire(hook, **arguments):
            self.warn(failure, failure)


class _Warner:
    """Warns once for each thing it is about, unless the tracker was told not to."""

    def __init__(self, *, wanted: bool) -> None:
        self._wanted = wanted
        self._warned: dict[str, object] = {}

    def __call__(self, about: str, message: str) -> None:
        mine = object()
        if self._wanted and self._warned.setdefault(about, mine) is mine:  # of several threads, one
            warnings.warn(message, XetrackWarning, stacklevel=outer_level())


def _nothing() -> None:
    return None


def _weakly(value: object) -> Callable[[], Any]:
    """A function that gives the value as long as somebody else holds it."""
    try:
        return weakref.ref(value)
    except TypeError:  # of a class without a place for weak references
        return _nothing
