"""The Tracker: one call, one durable row."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from xetrack import runs
from xetrack.calls import Call, Recorder, text_of
from xetrack.engines.database import MEMORY
from xetrack.engines.sql import check_table
from xetrack.errors import InvalidValueError
from xetrack.locks import new_lock
from xetrack.opening import SKIP_INSERT, resolve
from xetrack.protocols import AssetStore, Engine, ResultCache, Row, Value
from xetrack.session import Session, Settings, StoreNeededError, close_at_exit
from xetrack.values import Normaliser, decode, readable, safe_text, to_rows
from xetrack.views import RunView

__all__ = ["Tracker"]


class Tracker(RunView, Recorder):
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
        cache: folder of cached function results; with it, `cache_version`, `cache_args` and `cache_size_limit`
            (xetrack-cache).
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
            "cache": resolve(cache) if cache else None,
            "jsonl": jsonl,
            "logs_path": logs_path,
            "logs_stdout": logs_stdout,
            "logs_file_format": logs_file_format,
            "log_system_params": log_system_params,
            "log_network_params": log_network_params,
            "measurement_interval": measurement_interval,
        }
        given = {name: value for name, value in options.items() if value is not None and value is not False}
        self._start(Settings(resolve(db), check_table(table), engine, given, tuple(plugins), warnings), track_id)
        self.raise_on_error = raise_on_error
        self.set_params(params or {})
        if git_root is not None:
            self.set_params(runs.git_state(git_root))
            if "git_commit_hash" not in self._params:
                self.warn("git", f"{git_root} is in no git repository with a commit: nothing of git is logged.")
        if reset:
            self.engine.drop(self.table)

    def _start(self, settings: Settings, track_id: str | None) -> None:
        self._settings = settings
        self._lock = new_lock()
        self._normalise = Normaliser()
        self._clock = runs.Clock()
        self._params: dict[str, Any] = {}
        self._latest: Row | None = None
        self._session = Session(settings, track_id)
        close_at_exit(self)

    @property
    def db(self) -> str:
        """The absolute path of the database."""
        return self._settings.db

    @property
    def table(self) -> str:
        """The name of the table of events."""
        return self._settings.table

    @property
    def engine(self) -> Engine:
        """The storage engine."""
        return self._session.engine

    @property
    def track_id(self) -> str:
        """The name of the run."""
        return self._session.run.track_id

    @property
    def params(self) -> dict[str, Any]:
        """A copy of what is added to every row."""
        return {key: decode(value) for key, value in self._params.items()}

    @property
    def conn(self) -> Any:
        """The engine's connection for your own queries; the data is attached as `db`.

        `tracker.conn.execute("SELECT * FROM db.events WHERE accuracy > 0.8").fetchall()`
        """
        self._session.check_open()
        return self.engine.conn

    @property
    def losses(self) -> dict[str, int]:
        """How many rows each sink lost. The database has them all the same."""
        return dict(self._session.listeners.losses)

    # Logging

    def log(self, data: Mapping[str, Any], *, step: int | None = None) -> dict[str, Any]:
        """Log one event and return its row: params, event, `timestamp` and `track_id`.

        When it returns, the row is durable. `step` adds a column of that name. Raises `InvalidKeyError` or
        `InvalidValueError`, naming the key, or `DatabaseError`; then nothing was logged.
        """
        if step is not None:
            data = {**data, "step": step}
        listeners = self._session.listeners
        if listeners.monitors:
            data = {**listeners.stop(listeners.start()), **data}
        return self._log(data)

    def _log(self, data: Mapping[str, Any]) -> dict[str, Any]:
        row = {**self._params, **data}
        session = self._session
        with self._lock:
            try:
                plain = self._normalise(row, session.keep)
            except StoreNeededError:
                return self._log_all([row])[0]
            row["timestamp"] = self._clock.stamp()
            row["track_id"] = session.run.track_id
            rows = [row]
            self._append(rows)
            self._committed(rows, plain)
        return dict(row) if plain else readable(row)

    def log_batch(self, data: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Log many events in one transaction, all or none, and return their rows."""
        return self._log_all([{**self._params, **event} for event in data])

    def _log_all(self, rows: list[Row]) -> list[dict[str, Any]]:
        if not rows:
            return []
        with self._lock:
            try:
                plain = self._turn(rows)
                self._append(rows)
            except StoreNeededError:
                with self._session.storing():
                    plain = self._turn(rows)
                    self._append(rows)
            self._committed(rows, plain)
        return [dict(row) if plain else readable(row) for row in rows]

    def _turn(self, rows: Sequence[Row]) -> bool:
        """Turn events into rows, in place; doing so again changes nothing but the times."""
        normalise, keep = self._normalise, self._session.keep
        plain = [normalise(row, keep) for row in rows]
        track_id = self.track_id
        for row, stamp in zip(rows, self._clock.stamps(len(rows)), strict=True):
            row["timestamp"] = stamp
            row["track_id"] = track_id
        return all(plain)

    def _append(self, rows: Sequence[Row]) -> None:
        if self._session.begun:
            self._session.engine.append(self._settings.table, rows)
        else:
            self._session.begin(rows, self._described())

    def _committed(self, rows: Sequence[Row], plain: bool) -> None:  # noqa: FBT001 - what the normaliser found
        self._latest = rows[-1]
        self._session.committed(rows, plain)
        if not self._session.begun:
            self._session.begun = True
            self._session.fire("xetrack_run_started", tracker=self)

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
            return self._normalise.value(key, value, self._session.keep)
        except StoreNeededError:
            return value

    def _described(self) -> Row:
        """The params as the record of the run shows them: objects as their repr."""
        params = dict(self._params)
        self._normalise(params, lambda _, each: text_of(each))
        return params

    def set_value(self, key: str, value: Any) -> int:
        """Set `key` in all rows of this run, those logged before included; return how many rows."""
        return self._update(key, value, None)

    def set_where(self, key: str, value: Any, where_key: str, where_value: Any) -> int:
        """Set `key` in those rows of this run where `where_key` is `where_value`; return how many rows."""
        wanted = self._normalise.value("value", where_value, lambda _, each: safe_text(each))
        return self._update(key, value, (where_key, wanted))

    def _update(self, key: str, value: object, where: tuple[str, Value] | None) -> int:
        self._session.check_open()
        if not self.count_run():
            self._normalise.value(key, value, lambda _, __: "")  # what cannot be stored is refused all the same
            return 0
        with self._lock, self._session.storing():
            stored = self._normalise.value(key, value, self._session.keep)
            self._latest = None
            return self.engine.update(self.table, key, stored, track_id=self.track_id, where=where)

    # Calls: track() and wrap() are the Recorder's

    @property
    def cache(self) -> ResultCache | None:
        """The cache of results; None without one."""
        return self._session.cache

    def all_params(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """The params of the run together with those of a call, which win."""
        return {**self._params, **params}

    def _generate_cache_key(
        self,
        func: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        params: Mapping[str, Any],
        depends_on: Sequence[Any] = (),
    ) -> str | None:
        """The key under which `track(func, args=args, ...)` finds its result; None if it cannot be cached."""
        cache = self.cache
        return None if cache is None else cache.key(func, args, kwargs, self.all_params(params), depends_on)

    def start(self, call: Call) -> None:
        """Begin to measure a call. What cannot be logged of its params is refused before it runs."""
        for key, value in call.params.items():
            self._normalise.value(key, value, lambda _, __: "")
        if self._session.listeners.monitors:
            call.monitors = self._session.listeners.start()

    def record(self, call: Call) -> None:
        """Log a call that ended."""
        row, clashes = call.row()
        if call.monitors:
            row = {**self._session.listeners.stop(call.monitors), **row}
        if clashes:
            names = ", ".join(map(repr, clashes))
            self.warn("clash", f"{names} in the returned dict would hide what is logged of the call: kept as result_….")
        try:
            self._log(row)
        except InvalidValueError as error:
            self.warn("value", f"{error} Of the call of {row['function_name']}, that is logged as plain text.")
            self._log({key: self._storable(key, value) for key, value in row.items()})

    def _storable(self, key: str, value: object) -> object:
        """`value`, or the text of it if it cannot be stored: what a function returned is no reason to lose its call."""
        try:
            self._normalise.value(key, value, lambda _, __: "")
        except InvalidValueError:
            return text_of(value)
        return value

    # Reading: most of it is the RunView's

    @property
    def latest(self) -> dict[str, Any]:
        """The last row of the run: the one just logged, or read back; empty if there is none."""
        with self._lock:
            if self._latest is not None:
                return dict(readable(self._latest))
            return next(iter(to_rows(self._read(tail=1))), {})

    def get(self, key: str) -> object | None:
        """The object that was logged under this hash; None if there is none."""
        return self.assets.get(key)

    @property
    def assets(self) -> AssetStore:
        """The store of objects. Raises `PluginNotInstalledError` if none is installed."""
        return self._session.assets()

    def __repr__(self) -> str:
        """Run, table and file."""
        return f"<Tracker {self.track_id} in {self.table} of {self.db}>"

    def _check_open(self) -> None:
        self._session.check_open()

    # Ending

    def flush(self) -> None:
        """Make the database file whole on its own: copying just it copies everything. Flushes the sinks too."""
        self._session.check_open()
        if not self.engine.flush():
            self.warn("flush", f"{self.db} is being read: the newest rows are still in {self.db}-wal beside it.")
        self._session.listeners.flush()

    def close(self) -> None:
        """End the run as `finished`, flush, and let go of everything. Closing twice does nothing."""
        self._close("finished")

    def _close(self, status: str) -> None:
        with self._lock:
            if self._session.closed:
                return
            try:
                if self._session.end(status, self._clock.stamp(), self._described()):
                    self._session.fire("xetrack_run_finished", tracker=self, status=status)
            finally:
                self._session.close()

    def warn(self, about: str, message: str) -> None:
        """Warn, once for each thing it is `about`, unless the tracker was told not to."""
        self._session.warn(about, message)

    def __enter__(self) -> Self:
        """The tracker itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        """Close; the run failed if an exception leaves the block."""
        self._close("finished" if kind is None else "failed")

    def __del__(self) -> None:
        """Close what was forgotten."""
        if hasattr(self, "_session"):
            self.close()

    # Pickling

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs to log to the same run. Raises `OptionError` for a database in memory."""
        self._session.check_open()
        self._settings.check_portable()
        return {
            "settings": self._settings,
            "run": self._session.run,
            "params": self._params,
            "raise_on_error": self.raise_on_error,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the database again, in the run of the tracker that was pickled: it is that one's to end."""
        self._start(state["settings"], state["run"].track_id)
        self._session.run = state["run"]
        self._params = state["params"]
        self.raise_on_error = state["raise_on_error"]
