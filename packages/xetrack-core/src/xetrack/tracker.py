"""The Tracker: one call, one durable row."""

import os
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from xetrack._rows.configs import as_row, as_rows
from xetrack._rows.normalize import Keep, check_key, decode, describe, readable, to_rows
from xetrack._rows.view import RunView
from xetrack._spec.assets import AssetStore
from xetrack._spec.cache import ResultCache
from xetrack._spec.engine import Engine
from xetrack._spec.hooks import RunInfo
from xetrack._sqlite.backup import backup
from xetrack._sqlite.cells import check_table
from xetrack._tracking.assets import find_object
from xetrack._tracking.call import Call, Recorder
from xetrack._tracking.describe import text_of
from xetrack._tracking.git import git_params
from xetrack._tracking.session import Session, Settings
from xetrack._tracking.writer import Writer
from xetrack._util.arguments import flag, optional_flag, run_id, sequence, text
from xetrack._util.exit import close_at_exit, close_forgotten
from xetrack._util.paths import MEMORY, SKIP_INSERT, resolve, resolve_option
from xetrack._util.text import safe_text
from xetrack.errors import InvalidValueError, OptionError

__all__ = ["Tracker"]

T = TypeVar("T")

_BATCH = "For many rows: log_batch()."
_PARAM = "For one param: set_param(key, value)."


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
        params: values added to every row of the run: a dict, or a config (a dataclass, an attrs class, a pydantic
            model, an `argparse.Namespace`, OmegaConf), whose fields they are. Copied.
        table: the table of events; several kinds of experiments can live in one file.
        engine: name of the storage engine: "sqlite", "duckdb" (xetrack-duckdb), or that of another plugin.
        track_id: name of the run, a text or a UUID; that of an earlier run resumes it. Made up by default, like
            `fierce-pudu-1649`.
        reset: delete the table and all its runs first.
        raise_on_error: re-raise exceptions from tracked functions after logging them, and refuse objects that cannot be
            serialized. If False, such an object is logged as its repr, with a warning.
        warnings: False silences xetrack's own warnings from this tracker.
        git_root: a folder or file in a git repository, whose `git_commit_hash`, `git_branch` and `git_dirty` become
            params, unless `params` has its own.
        plugins: plugins for this tracker only: objects, or classes to make them of, with methods marked `@hookimpl`.
        trusted: False refuses to load logged objects that could run code; so does `XETRACK_SAFE=1`.
        assets, compress: where objects go (the database itself by default, a folder, an fsspec URL), and whether
            compressed (xetrack-assets).
        cache: folder of cached function results; with it, `cache_version`, `cache_args` and `cache_size_limit`
            (xetrack-cache).
        jsonl, logs_path, logs_stdout, logs_file_format: log files beside the database (xetrack-sinks).
        log_system_params, log_network_params, measurement_interval: measurements of calls, the interval in seconds
            (xetrack-monitors).
        options: options of other plugins, and of the engine: `timeout=60.0`, the seconds to wait for other writers.

    Raises:
        OptionError: no plugin knows an option, or an argument cannot have its value, such as `reset="false"` or
            `jsonl="folder"`. Nothing was logged then.
        PluginError: a plugin that is asked for is not installed, broken, disabled or too old.
        DatabaseError: the file cannot be used; the subclass says why.
        InvalidTableError, InvalidKeyError, InvalidValueError: the table or params cannot be stored.
    """

    IN_MEMORY = MEMORY
    """As `db`: rows are kept in memory, until the tracker is closed."""

    SKIP_INSERT = SKIP_INSERT
    """As `db`: no rows are kept, and sinks hear of them all the same."""

    def __init__(
        self,
        db: str | os.PathLike[str] = "track.db",
        params: Mapping[str, Any] | Any = None,
        *,
        table: str = "events",
        engine: str = "sqlite",
        track_id: str | None = None,
        reset: bool = False,
        raise_on_error: bool = True,
        warnings: bool = True,
        git_root: str | os.PathLike[str] | None = None,
        plugins: Sequence[object] = (),
        trusted: bool = True,
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
        # all of them before anything is opened or deleted
        reset = flag("reset", reset, strict=True)
        raise_on_error = flag("raise_on_error", raise_on_error)
        warnings, trusted = flag("warnings", warnings), flag("trusted", trusted)
        options |= {
            "assets": resolve_option("assets", assets),
            "compress": optional_flag("compress", compress),
            "cache": resolve_option("cache", cache),
            "jsonl": resolve_option("jsonl", jsonl),
            "logs_path": resolve_option("logs_path", logs_path),
            "logs_stdout": optional_flag("logs_stdout", logs_stdout),
            "logs_file_format": logs_file_format,
            "log_system_params": optional_flag("log_system_params", log_system_params),
            "log_network_params": optional_flag("log_network_params", log_network_params),
            "measurement_interval": measurement_interval,
        }
        given = {name: value for name, value in options.items() if value is not None and value is not False}
        engine, handed_in = text("engine", engine), tuple(sequence("plugins", plugins))
        git_root = None if git_root is None else resolve(git_root, "git_root")
        track_id = run_id("track_id", track_id)
        settings = Settings(resolve(db), str(check_table(table)), engine, given, handed_in, warnings, trusted)
        self._start(settings, track_id)
        self.raise_on_error = raise_on_error
        self.set_params({} if params is None else as_row(params, "params="))
        if git_root is not None:
            self.set_params(git_params(git_root, self._writer.params, self.warn))
        if reset:
            self.engine.drop(self.table)

    def _start(self, settings: Settings, track_id: str | None) -> None:
        self._settings = settings
        self._session = Session(settings, track_id)
        # weak, or the tracker would hold itself, and nothing would close one that was forgotten
        me, fire = weakref.ref(self), self._session.fire

        def started() -> None:
            tracker = me()
            if tracker is not None:
                fire("xetrack_run_started", run=tracker._info())

        self._writer = Writer(self._session, settings.db, started)
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
        return {key: decode(value) for key, value in self._writer.params.items()}

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

    @property
    def logger(self) -> Any:
        """Writes events and messages to the log files, beside the rows: `monitor`, `experiment`, `track`, `info`, ...

        Without `logs_path=` and `logs_stdout=` they go to standard error. Holding the logger keeps the tracker alive.
        Raises `PluginNotInstalledError` without xetrack-sinks, and `ClosedError` once the tracker was closed, as all
        methods of the logger do.
        """
        with self._writer.turns.lock:
            return self._session.logger(self._tell)

    def _tell(self, level: str, event: Mapping[str, Any] | str) -> None:
        """Tell the sinks what the logger was told. The logger holds this, and the tracker by it."""
        self._session.listeners.log(level, event)
        self._check_open()  # last: another thread may have closed it meanwhile, and then nobody heard of the event

    # Logging

    def log(self, data: Mapping[str, Any] | Any, *, step: int | None = None) -> dict[str, Any]:
        """Log one event, a dict or a config, and return its row: params, event, `timestamp` and `track_id`.

        When it returns, the row is durable. `step` adds a column of that name. Raises `InvalidKeyError` or
        `InvalidValueError`, naming the key, `OptionError` if `data` has another `step`, or `DatabaseError`; then
        nothing was logged.
        """
        if type(data) is not dict:
            data = as_row(data, "log()", _BATCH if isinstance(data, (list, tuple)) else "")
        if step is not None:
            if "step" in data:
                _check_one_step(data["step"], step)
            data = {**data, "step": step}
        listeners = self._session.listeners
        if listeners.monitors:
            data = {**self._without_params(listeners.read()), **data}
        return self._writer.log(data, self._keep())

    def log_batch(self, data: Iterable[Mapping[str, Any] | Any]) -> list[dict[str, Any]]:
        """Log many events in one transaction, all or none, and return their rows. Raises as `log` does.

        `data` is an iterable of dicts or configs, or a table of pandas, polars or Arrow, whose index is left out.
        """
        return self._writer.log_batch(as_rows(data, "log_batch()"), self._keep())

    def _without_params(self, measured: dict[str, Any]) -> dict[str, Any]:
        """What was measured, except under keys of params: those are the user's."""
        clashes = measured.keys() & self._writer.params.keys()
        if not clashes:
            return measured
        names = ", ".join(sorted(clashes))
        self.warn("measured", f"{names}: params win over what is measured. Rename the param to have both.")
        return {key: value for key, value in measured.items() if key not in clashes}

    def _keep(self) -> Keep:
        return self._session.strict if self.raise_on_error else self._session.lenient

    # Params and values

    def set_param(self, key: str, value: Any) -> None:
        """Add `key` to every row from now on. Raises as `set_params` does."""
        self.set_params({check_key(key): value})

    def set_params(self, params: Mapping[str, Any] | Any) -> None:
        """Add `params` to every row from now on, beside those set before.

        Raises `InvalidKeyError` or `InvalidValueError`, naming the key; then none of them is added.
        """
        self._writer.set_params(as_row(params, "set_params()", _PARAM if isinstance(params, str) else ""))

    def set_value(self, key: str, value: Any) -> int:
        """Set `key` in all rows that this run has logged so far; return how many rows.

        What is logged later does not have it. In a handler of signals that came into the middle of another call it is
        done after that, and 0 is returned. Raises as `log` does; then nothing was set.
        """
        return self._writer.update(check_key(key), value, None)

    def set_where(self, key: str, value: Any, where_key: str, where_value: Any) -> int:
        """Set `key` in those rows of this run where `where_key` is `where_value`; return how many rows.

        As `set_value` otherwise.
        """
        wanted = self._writer.stored("value", where_value, describe)
        return self._writer.update(check_key(key), value, (text("where_key", where_key), wanted))

    # Calls: track() and wrap() are the Recorder's

    @property
    def cache(self) -> ResultCache | None:
        """The cache of results; None without one."""
        return self._session.cache

    def all_params(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """The params of the run together with those of a call, which win."""
        return {**self._writer.params, **params}

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
            self._writer.check(key, value)
        if self._session.listeners.monitors:
            call.monitors = self._session.listeners.start()

    def record(self, call: Call) -> None:
        """Log a call that ended."""
        row = call.row()
        if call.monitors:
            row = {**self._without_params(self._session.listeners.stop(call.monitors)), **row}
        keep = self._session.lenient
        try:
            self._writer.log(row, keep)
        except InvalidValueError as error:
            self.warn("value", f"{error} Of the call of {row['function_name']}, that is logged as plain text.")
            # what a function returned is no reason to lose its call
            told = {key: value if self._writer.can_store(key, value) else text_of(value) for key, value in row.items()}
            self._writer.log(told, keep)

    # Reading: most of it is the RunView's

    def _ask(self, question: Callable[[Engine], T]) -> T:
        with self._writer.turns.reading():
            return super()._ask(question)

    @property
    def latest(self) -> dict[str, Any]:
        """The last row of the run: the one just logged, or read back; empty if there is none."""
        with self._writer.turns.lock:
            if self._writer.latest is not None:
                return dict(readable(self._writer.latest))
            return next(iter(to_rows(self._read(tail=1))), {})

    def get(self, key: str) -> object | None:
        """Return the object with this hash, or the latest one logged under this key in any run of the table.

        If the latest value under the key is a hash, the object with that hash is returned.

        Returns:
            The object, or None if the hash or key is unknown.

        Raises:
            AssetDamagedError: the stored bytes are damaged.
            UntrustedError: loading it could run code, and this tracker was made with `trusted=False`.
            PluginNotInstalledError: no asset store is installed, or the object's serializer is not.
        """
        return find_object(self.assets, self.engine, self.table, text("key", key))

    @property
    def assets(self) -> AssetStore:
        """The store of objects. Raises `PluginNotInstalledError` if none is installed."""
        return self._session.assets()

    def remove_asset(self, hash_value: str, column: str | None = None) -> bool:
        """Take an object out of a column of the table, and out of the store with its last use.

        Rows that name it in `column` hold None there afterwards. Without a column it is removed for good, and rows keep
        its hash as text. False if there is no such object, or no row names it there.
        """
        store, hash_value = self.assets, text("hash_value", hash_value)
        if column is None:
            return store.remove(hash_value, None)
        if hash_value not in store or text("column", column) not in self.columns:
            return False
        with self._writer.turns.call():
            self._writer.latest = None
            rows = self.engine.update(self.table, column, None, where=(column, hash_value))
            return rows > 0 and store.remove(hash_value, rows)

    def __repr__(self) -> str:
        """Run, table and file."""
        return f"<Tracker {self.track_id} in {self.table} of {self.db}>"

    def _check_open(self) -> None:
        self._session.check_open()

    # Keeping

    def backup(
        self,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Write the whole database, that of a tracker in memory too, into a file of its own: see `Reader.backup`.

        Other threads go on logging meanwhile; those of a tracker in memory wait.
        """
        self._check_open()
        backup(self.engine, path, overwrite=overwrite, progress=progress)

    # Ending

    def flush(self) -> None:
        """Make the database file whole on its own: copying just it copies everything. Flushes the sinks too."""
        self._session.check_open()
        turns = self._writer.turns
        if other := turns.under_way():
            other.put_off(self.flush)
            return
        with turns.call():
            self._session.flush()

    def close(self) -> None:
        """End the run as `finished`, flush, and let go of everything. Closing twice does nothing."""
        self._close("finished")

    def _close(self, status: str, *, forgotten: bool = False) -> None:
        turns = self._writer.turns
        if other := turns.under_way():
            other.put_off(partial(self._close, status))  # parts of a forgotten one are closed with it here
            return
        with turns.lock:
            if self._session.closed:
                return
            try:
                if self._writer.end(status):
                    self._session.fire("xetrack_run_finished", run=self._info(), status=status)
            finally:
                try:
                    self._session.close(forgotten=forgotten)
                finally:
                    turns.leave()

    def _info(self) -> RunInfo:
        run = self._session.run
        return RunInfo(self.db, run.table, run.track_id, self.params, run.rows, self.engine)

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
        """Close what was forgotten; but `conn` and `assets` work for as long as anybody holds them."""
        if hasattr(self, "_writer"):
            close_forgotten(partial(self._close, "finished", forgotten=True))

    # Pickling

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs to log to the same run. Raises `OptionError` for a database in memory."""
        self._session.check_open()
        self._settings.check_portable()
        with self._writer.turns.lock:  # copies: other threads go on while these are pickled
            run = self._session.run
            return {
                "settings": self._settings,
                "run": replace(run, values=dict(run.values)),
                "params": self._writer.params,
                "objects": dict(self._session.objects.of_params),
                "raise_on_error": self.raise_on_error,
            }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the database again, in the run of the tracker that was pickled: it is that one's to end."""
        self._start(state["settings"], state["run"].track_id)
        self._session.run = state["run"]
        self._writer.params = state["params"]
        self._session.objects.of_params = state["objects"]
        self.raise_on_error = state["raise_on_error"]


def _check_one_step(of_row: object, step: object) -> None:
    """Raise `OptionError` unless both are the same: one of them would be lost."""
    try:
        is_same = bool(of_row == step)
    except Exception:
        is_same = False
    if not is_same:
        message = f"step is given twice: {safe_text(of_row)[:100]} in the row and step={step!r}. Give it once."
        raise OptionError(message)
