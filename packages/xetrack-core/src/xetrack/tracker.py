"""The Tracker: one call, one durable row."""

import atexit
import os
import threading
import warnings as python_warnings
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, overload

from xetrack import calls, frames, runs
from xetrack.engines.database import MEMORY
from xetrack.engines.sql import check_table
from xetrack.errors import ClosedError, OptionError, PluginNotInstalledError, XetrackWarning, outer_level
from xetrack.listeners import Listeners
from xetrack.opening import SKIP_INSERT, open_engine, resolve
from xetrack.plugins import discovered
from xetrack.protocols import AssetStore, Columns, Context, Json, Row, Run, Value
from xetrack.values import Normaliser, decode, safe_text, to_rows
from xetrack.views import View

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Tracker"]


class _StoreNeededError(Exception):
    """An object is to be stored, and the row with it, in one transaction."""


class Tracker(View):
    """Logs the rows of one run into a table.

    ```python
    tracker = Tracker("database.db", params={"model": "resnet18"})
    tracker.log({"accuracy": 0.9, "loss": 0.1, "epoch": 1})
    ```

    A tracker may be shared by threads, used in forked children, pickled to other processes, and used as a context
    manager: leaving the block by an exception marks the run as failed. `close()` is called at exit at the latest.

    Arguments:
        db: path of the database, made with the first row; `Tracker.IN_MEMORY`; or `Tracker.SKIP_INSERT`, which keeps
            no rows, for when only logs are wanted.
        params: values added to every row of the run. Copied.
        table: the table of events; several kinds of experiments can live in one file.
        engine: name of the storage engine.
        track_id: name of the run; that of an earlier run resumes it. Made up by default, like `fierce-pudu-1649`.
        reset: delete the table and all its runs first.
        raise_on_error: whether exceptions of tracked functions go on after they were logged.
        warnings: False silences xetrack's own warnings from this tracker.
        git_root: a folder in a git repository, whose `git_commit_hash`, `git_branch` and `git_dirty` become params.
        plugins: plugins for this tracker only: objects, or classes to make them of, with methods marked `@hookimpl`.
        assets, compress: where objects go, and whether compressed (xetrack-assets).
        cache: folder of cached function results (xetrack-cache).
        jsonl, logs_path, logs_stdout, logs_file_format: log files beside the database (xetrack-sinks).
        log_system_params, log_network_params, measurement_interval: measurements of calls, the interval in seconds
            (xetrack-monitors).
        options: options of other plugins, and of the engine: `timeout=60.0`, the seconds to wait for other writers.

    Raises:
        OptionError: nobody knows an option.
        PluginError: a plugin that is asked for is not installed, broken, disabled or too old.
        DatabaseError: the file cannot be used; the subclass says why.
        InvalidTableError, InvalidKeyError, InvalidValueError: the table or params cannot be stored.
    """

    IN_MEMORY = MEMORY
    SKIP_INSERT = SKIP_INSERT

    def __init__(
        self,
        db: str | os.PathLike[str] = "track.db",
        params: Mapping[str, Any] | None = None,
        *,
        table: str = "events",
        engine: str = "sqlite",
        track_id: str | None = None,
        reset: bool = False,
        raise_on_error: bool = True,
        warnings: bool = True,
        git_root: str | os.PathLike[str] | None = None,
        plugins: Sequence[object] = (),
        assets: str | os.PathLike[str] | None = None,
        compress: bool = False,
        cache: str | os.PathLike[str] | None = None,
        jsonl: str | os.PathLike[str] | None = None,
        logs_path: str | os.PathLike[str] | None = None,
        logs_stdout: bool = False,
        logs_file_format: str | None = None,
        log_system_params: bool = False,
        log_network_params: bool = False,
        measurement_interval: float | None = None,
        **options: Any,
    ) -> None:
        options |= {
            "assets": assets,
            "compress": compress,
            "cache": cache,
            "jsonl": jsonl,
            "logs_path": logs_path,
            "logs_stdout": logs_stdout,
            "logs_file_format": logs_file_format,
            "log_system_params": log_system_params,
            "log_network_params": log_network_params,
            "measurement_interval": measurement_interval,
        }
        chosen = {name: value for name, value in options.items() if value is not None and value is not False}
        self._prepare(
            db=resolve(db),
            raise_on_error=raise_on_error,
            _table=check_table(table),
            _engine_name=engine,
            _options=chosen,
            _handed_in=tuple(plugins),
            _warnings=warnings,
        )
        self._open(track_id, {**(params or {}), **(runs.git_state(git_root) if git_root is not None else {})})
        if git_root is not None and "git_commit_hash" not in self._params:
            self.warn("git", f"{git_root} is in no git repository with a commit: nothing of git is logged.")
        if reset:
            self.engine.drop(self._table)

    def _prepare(self, **settings: Any) -> None:
        """Everything that opens nothing."""
        self.db: str
        self.raise_on_error: bool
        self._table: str
        self._engine_name: str
        self._options: dict[str, Any]
        self._handed_in: tuple[object, ...]
        self._warnings: bool
        vars(self).update(settings)
        self._closed = True  # until it is open
        self._lock = threading.RLock()
        self._normalise = Normaliser()
        self._clock = runs.Clock()
        self._warned: set[str] = set()
        self._latest: Row | None = None
        self._begun = self._storing = False

    def _open(self, track_id: str | None, params: Mapping[str, Any]) -> None:
        self._plugins = discovered().having(self._handed_in)
        self.engine, routed = open_engine(self._plugins, self.db, self._engine_name, self._table, self._options)
        self._closed = False
        _open_trackers().add(self)
        self._run = Run(track_id or self._new_track_id(), self._table, **runs.this_process())
        context = Context(self.db, self._table, self.track_id, engine=self.engine)
        self._listeners = Listeners(routed, context, self.warn)
        self._store: AssetStore | None = None
        self._stores = [(offer, given) for offer, given in routed if offer.kind == "asset_stores"]
        self._params: dict[str, Any] = {}
        self.set_params(params)
        if self._warnings:
            self._plugins.warn_of_failures()

    def _new_track_id(self) -> str:
        while True:
            track_id = runs.new_track_id()
            if not self.engine.count(self._table, track_id):
                return track_id

    @property
    def track_id(self) -> str:
        """The name of the run."""
        return self._run.track_id

    @property
    def table(self) -> str:
        """The name of the table of events."""
        return self._table

    @property
    def params(self) -> dict[str, Any]:
        """A copy of what is added to every row."""
        return {key: decode(value) for key, value in self._params.items()}

    @property
    def conn(self) -> Any:
        """The engine's connection for your own queries; the data is attached as `db`.

        `tracker.conn.execute("SELECT * FROM db.events WHERE accuracy > 0.8").fetchall()`
        """
        self._check_open()
        return self.engine.conn

    @property
    def losses(self) -> dict[str, int]:
        """How many rows each sink lost. The database has them all the same."""
        return dict(self._listeners.losses)

    # Logging

    def log(self, data: Mapping[str, Any], *, step: int | None = None) -> dict[str, Any]:
        """Log one event and return its row: params, event, `timestamp` and `track_id`.

        When it returns, the row is durable. `step` adds a column of that name. Raises `InvalidKeyError` or
        `InvalidValueError`, naming the key, or `DatabaseError`; then nothing was logged.
        """
        if step is not None:
            data = {**data, "step": step}
        if self._listeners.monitors:
            data = {**self._listeners.stop(self._listeners.start()), **data}
        return self._log(data)

    def _log(self, data: Mapping[str, Any]) -> dict[str, Any]:
        event = {**self._params, **data}
        with self._lock:
            try:
                row = self._normalise(event, self._keep)
            except _StoreNeededError:
                return self._log_all([event])[0]
            row["timestamp"] = self._clock.stamp()
            row["track_id"] = self._run.track_id
            if self._begun:
                self.engine.append(self._table, [row])
            else:
                self._begin([row])
            self._logged(row)
        return _readable(row)

    def log_batch(self, data: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Log many events in one transaction, all or none, and return their rows."""
        return self._log_all([{**self._params, **event} for event in data])

    def _log_all(self, events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        if not events:
            return []
        with self._lock:
            self._check_open()
            with self.engine.transaction():
                self._storing = True
                try:
                    rows = [self._normalise(event, self._keep) for event in events]
                finally:
                    self._storing = False
                for row, stamp in zip(rows, self._clock.stamps(len(rows)), strict=True):
                    row["timestamp"] = stamp
                    row["track_id"] = self._run.track_id
                if self._begun:
                    self.engine.append(self._table, rows)
                else:
                    self._begin(rows)
            for row in rows:
                self._logged(row)
        return [_readable(row) for row in rows]

    def _begin(self, rows: Sequence[Row]) -> None:
        """Log the first rows of the run, and the run, in one transaction."""
        self._check_open()
        with self.engine.transaction():
            self._run.started = self._run.started or str(rows[0]["timestamp"])
            self._run.params = {key: self._spell(key, value) for key, value in self._params.items()}
            self.engine.save_run(self._run)
            self.engine.append(self._table, rows)
        self._begun = True
        self._fire("xetrack_run_started")

    def _logged(self, row: Row) -> None:
        """Count a committed row, and tell the sinks."""
        self._latest = row
        self._run.rows += 1
        if None in row.values():
            self._run.values |= {key: value for key, value in row.items() if value is not None}
        else:
            self._run.values.update(row)
        if self._listeners.sinks:
            self._listeners.emit(row)

    def _keep(self, key: str, value: object) -> str:
        """The text that stands for an object in its row: its hash in the asset store, or its repr without one."""
        store = self._asset_store()
        if store is None:
            kind = type(value).__qualname__
            message = f"the {kind} under {key!r} is kept as its repr only. To keep objects: pip install xetrack-assets"
            self.warn("assets", message)
            return safe_text(value)
        if not self._storing:
            raise _StoreNeededError
        return store.insert(value)

    def _asset_store(self) -> AssetStore | None:
        if self._store is None:
            chosen = self._stores or [(offer, {}) for offer in self._plugins.offers("asset_stores")]
            if len(chosen) > 1:
                names = ", ".join(offer.provider.name for offer, _ in chosen)
                message = f"several asset stores are installed ({names}): choose one by giving one of its options."
                raise OptionError(message)
            for offer, given in chosen:
                self._store = offer.open(given, Context(self.db, self._table, self.track_id, engine=self.engine))
        return self._store

    # Params and values

    def set_param(self, key: str, value: Any) -> None:
        """Add `key` to every row from now on."""
        self.set_params({key: value})

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Add `params` to every row from now on, beside those set before."""
        with self._lock:
            self._params |= {key: self._frozen(key, value) for key, value in params.items()}

    def _frozen(self, key: str, value: object) -> object:
        """`value` as it will be stored, so that changing it later changes nothing; objects are stored with the rows."""
        try:
            return self._normalise({key: value}, self._keep)[key]
        except _StoreNeededError:
            return value

    def _spell(self, key: str, value: object) -> Value:
        """A param as the record of the run shows it."""
        return self._normalise({key: value}, lambda _, each: calls.text_of(each))[key]

    def set_value(self, key: str, value: Any) -> int:
        """Set `key` in all rows of this run, those logged before included; return how many rows."""
        return self._update(key, value, None)

    def set_where(self, key: str, value: Any, where_key: str, where_value: Any) -> int:
        """Set `key` in those rows of this run where `where_key` is `where_value`; return how many rows."""
        return self._update(key, value, (where_key, self._spell_any(where_value)))

    def _spell_any(self, value: object) -> Value:
        return self._normalise({"value": value}, lambda _, each: safe_text(each))["value"]

    def _update(self, key: str, value: object, where: tuple[str, Value] | None) -> int:
        with self._lock:
            self._check_open()
            self._latest = None
            with self.engine.transaction():
                self._storing = True
                try:
                    stored = self._normalise({key: value}, self._keep)[key]
                finally:
                    self._storing = False
                return self.engine.update(self._table, key, stored, track_id=self.track_id, where=where)

    # Calls

    def track(
        self,
        function: Callable[..., Any],
        /,
        *positional: Any,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        **named: Any,
    ) -> Any:
        """Call `function`, log the call, and return the result.

        `track(f, 1, b=2)` and `track(f, args=[1], kwargs={"b": 2})` are the same; `params` are added to the row. A
        function whose own parameters are called `args`, `kwargs` or `params` gets them through `kwargs`. Works with async
        functions and generators as well: what they return is awaited or iterated as usual, and logged when it ends.

        The row has `function_name`, `args`, `kwargs`, `error` ("" if there was none), `function_time` in seconds, and
        `function_result`, or the items of a returned dict.
        """
        if (positional and args is not None) or (named.keys() & (kwargs or {})):
            message = "give each argument of the function once: either directly, or with args= and kwargs=."
            raise OptionError(message)
        call = self._call(function, args or positional, {**(kwargs or {}), **named}, params or {})
        return calls.runner(function)(call)

    @overload
    def wrap(self, function: Callable[..., Any], /) -> Callable[..., Any]: ...
    @overload
    def wrap(
        self, *, params: Mapping[str, Any] | None = None
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]: ...
    def wrap(
        self, function: Callable[..., Any] | None = None, /, *, params: Mapping[str, Any] | None = None
    ) -> Callable[..., Any]:
        """Decorate a function so that every call of it is tracked: `@tracker.wrap`, `@tracker.wrap(params={...})`."""
        chosen = dict(params or {})

        def begin(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> calls.Call:
            return self._call(function, args, kwargs, chosen)

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            return calls.wrapper(function, begin)  # type: ignore[no-any-return]

        return decorate if function is None else decorate(function)

    def _call(
        self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], params: Mapping[str, Any]
    ) -> calls.Call:
        return calls.Call(self, function, args, kwargs, params)

    def start(self, call: calls.Call) -> None:
        """Begin to measure a call. Called by the call itself."""
        if self._listeners.monitors:
            call.monitors = self._listeners.start()

    def record(self, call: calls.Call) -> None:
        """Log a call that ended. Called by the call itself."""
        row, clashes = call.row()
        if call.monitors:
            row = {**self._listeners.stop(call.monitors), **row}
        if clashes:
            names = ", ".join(map(repr, clashes))
            self.warn("clash", f"{names} in the returned dict would hide what is logged of the call: kept as result_….")
        self._log(row)

    # Reading

    @property
    def latest(self) -> dict[str, Any]:
        """The last row of the run: the one just logged, or read back; empty if there is none."""
        with self._lock:
            if self._latest is not None:
                return dict(_readable(self._latest))
            return next(iter(to_rows(self._read(tail=1))), {})

    def to_df(self, all: bool = False) -> "pd.DataFrame":  # noqa: FBT001, FBT002 - the documented name
        """The rows of this run, or of all runs in the table, as a pandas DataFrame."""
        return frames.to_pandas(self._read_all() if all else self._read())

    def to_csv(self, path: str | os.PathLike[str], all: bool = False) -> None:  # noqa: FBT001, FBT002 - as above
        """Write the rows of this run, or of all, as CSV; lists and dicts as JSON."""
        frames.write_csv(self._read_all() if all else self._read(), path)

    def to_parquet(self, path: str | os.PathLike[str], all: bool = False) -> None:  # noqa: FBT001, FBT002 - as above
        """Write the rows of this run, or of all, as Parquet; lists and dicts as JSON text. Needs pyarrow."""
        frames.write_parquet(self._read_all() if all else self._read(), path)

    def count_run(self) -> int:
        """The number of rows of this run."""
        self._check_open()
        return self.engine.count(self._table, self.track_id)

    def count_all(self) -> int:
        """The number of rows in the table."""
        self._check_open()
        return self.engine.count(self._table)

    def get(self, key: str) -> object | None:
        """The object that was logged under this hash; None if there is none."""
        return self.assets.get(key)

    @property
    def assets(self) -> AssetStore:
        """The store of objects. Raises `PluginNotInstalledError` if none is installed."""
        self._check_open()
        store = self._asset_store()
        if store is None:
            message = "keeping objects needs xetrack-assets: pip install xetrack-assets"
            raise PluginNotInstalledError(message)
        return store

    def __len__(self) -> int:
        """The number of rows of this run."""
        return self.count_run()

    def __repr__(self) -> str:
        """Run, table and file."""
        return f"<Tracker {self.track_id} in {self._table} of {self.db}>"

    def _read(self, *, head: int | None = None, tail: int | None = None) -> Columns:
        self._check_open()
        return self.engine.read(self._table, track_id=self.track_id, head=head, tail=tail)

    def _read_all(self) -> Columns:
        self._check_open()
        return self.engine.read(self._table)

    def _types(self) -> dict[str, str]:
        self._check_open()
        return self.engine.columns(self._table)

    # Ending

    def flush(self) -> None:
        """Make the database file whole on its own: copying just it copies everything. Flushes the sinks too."""
        self._check_open()
        if not self.engine.flush():
            self.warn(
                "flush", f"{self.db}: somebody is reading, so the newest rows are still in {self.db}-wal beside it."
            )
        self._listeners.flush()

    def close(self) -> None:
        """End the run as `finished`, flush, and let go of everything. Closing twice does nothing."""
        self._close("finished")

    def _close(self, status: str) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                if self._begun and self._run.pid == os.getpid():  # a child or worker does not end its parent's run
                    self._run.ended, self._run.status = self._clock.stamp(), status
                    self.engine.finish_run(self._run)
                    self._fire("xetrack_run_finished", status=status)
            finally:
                self._listeners.close()
                self.engine.close()

    def _fire(self, hook: str, **arguments: Any) -> None:
        for failure in self._plugins.fire(hook, tracker=self, **arguments):
            self.warn(failure, failure)

    def _check_open(self) -> None:
        if self._closed:
            message = (
                f"the tracker of run {self.track_id} was closed. Make a new one; track_id={self.track_id!r} resumes it."
            )
            raise ClosedError(message)

    def warn(self, about: str, message: str) -> None:
        """Warn, once for each thing it is `about`, unless the tracker was told not to."""
        if self._warnings and about not in self._warned:
            self._warned.add(about)
            python_warnings.warn(message, XetrackWarning, stacklevel=outer_level())

    def __enter__(self) -> Self:
        """The tracker itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        """Close; the run failed if an exception leaves the block."""
        self._close("finished" if kind is None else "failed")

    def __del__(self) -> None:
        """Close what was forgotten."""
        if not getattr(self, "_closed", True):
            self.close()

    # Pickling

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs to log to the same run."""
        self._check_open()
        if "://" not in self.db and self.db != SKIP_INSERT and not os.path.isabs(self.db):
            message = f"a tracker of {self.db} lives in this process only. Give it a file, and workers can share it."
            raise OptionError(message)
        names = (
            "db",
            "_table",
            "_engine_name",
            "_options",
            "_handed_in",
            "_warnings",
            "raise_on_error",
            "_run",
            "_params",
        )
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the database again, in the run of the tracker that was pickled."""
        run, params = state.pop("_run"), state.pop("_params")
        self._prepare(**state)
        self._open(run.track_id, params)
        self._run = run


@lru_cache(maxsize=1)
def _open_trackers() -> "weakref.WeakSet[Tracker]":
    """Every open tracker of this process; they are closed at exit."""
    opened: weakref.WeakSet[Tracker] = weakref.WeakSet()

    def close_all() -> None:
        for tracker in list(opened):
            tracker.close()

    atexit.register(close_all)
    return opened


def _readable(row: Row) -> dict[str, Any]:
    """The row as Python objects."""
    for value in row.values():
        if type(value) is Json:
            return {key: decode(each) for key, each in row.items()}
    return row
