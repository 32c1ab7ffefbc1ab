"""The Tracker: one call, one durable row."""

import os
import warnings as python_warnings
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from xetrack._rows.configs import as_row, as_rows
from xetrack._rows.normalize import check_key, decode, describe
from xetrack._spec.assets import AssetStore
from xetrack._spec.engine import Engine
from xetrack._sqlite.cells import check_table
from xetrack._tracking.assets import find_object
from xetrack._tracking.backup import backup
from xetrack._tracking.deferral import exclusive
from xetrack._tracking.git import git_params
from xetrack._tracking.run import RunWriter
from xetrack._tracking.run_rows import RunRows
from xetrack._tracking.settings import Settings
from xetrack._tracking.tracked_calls import TrackedCalls
from xetrack._util.arguments import flag, optional_flag, optional_text, run_id, sequence, text
from xetrack._util.locations import locate
from xetrack._util.paths import MEMORY, SKIP_INSERT, resolve, resolve_option
from xetrack._util.text import clipped
from xetrack.errors import DatabaseRemovedError, OptionError, XetrackWarning, outer_level

__all__ = ["Tracker"]

_BATCH = "For many rows, use log_batch()."
_PARAM = "For one param, use set_param(key, value)."


class Tracker(RunRows, TrackedCalls):
    """Logs the rows of one run into a table.

    ```python
    tracker = Tracker("database.db", params={"model": "resnet18"})
    tracker.log({"accuracy": 0.9, "loss": 0.1, "epoch": 1})
    ```

    Threads can share a tracker, forked children can use it, and it can be pickled to other processes. As a context
    manager it closes the run at the end of the block, and marks it as failed if an exception leaves the block. An
    unclosed tracker is closed when it is garbage-collected, or at exit.

    Args:
        db: path of the database, which is created with the first row; a URL that an installed plugin serves, such as
            `postgresql://...`; `Tracker.IN_MEMORY`; or `Tracker.SKIP_INSERT` to store no rows, when only log files are
            wanted.
        params: values to add to every row of the run: a dict, or a config (a dataclass, attrs class, pydantic model,
            `argparse.Namespace` or OmegaConf container), whose fields become params. They are copied.
        table: table of events. One file can hold several tables.
        engine: name of the storage engine: "sqlite", "duckdb" (needs xetrack-duckdb), or one of another plugin. The
            default is the one that serves the URL, and "sqlite" for a path.
        track_id: name of the run, text or a UUID. The name of an earlier run resumes it. The default is a generated
            name such as `fierce-pudu-1649`.
        reset: delete the table and all its runs first.
        raise_on_error: re-raise exceptions from tracked functions after logging them, and refuse objects that cannot be
            serialized. If False, such an object is logged as its repr, with a warning.
        warnings: False silences xetrack's own warnings from this tracker.
        git_root: folder or file in a git repository. Its `git_commit_hash`, `git_branch` and `git_dirty` become params,
            unless `params` has these keys.
        plugins: plugins for this tracker only: objects or classes with methods marked `@hookimpl`.
        trusted: False refuses to load logged objects that could run code, as `XETRACK_SAFE=1` does.
        assets, compress: where to store objects (by default in the database; or a folder or fsspec URL), and whether to
            compress them (xetrack-assets).
        cache: folder for cached function results. Goes with `cache_version`, `cache_args` and `cache_size_limit`
            (xetrack-cache).
        jsonl, logs_path, logs_stdout, logs_file_format: log files in addition to the database (xetrack-sinks).
        log_system_params, log_network_params, measurement_interval: measure calls; the interval is in seconds
            (xetrack-monitors).
        options: options of other plugins and of the engine, such as `timeout=60.0`, the seconds to wait for another
            writer.

    Raises:
        OptionError: no plugin knows an option, or a value is not valid, such as `reset="false"` or `db="s3://..."`.
            Nothing was logged.
        PluginError: a requested plugin is not installed, broken, disabled or too old.
        DatabaseError: the file cannot be used; the subclass says why.
        InvalidTableError, InvalidKeyError, InvalidValueError: the table or the params cannot be stored.
    """

    IN_MEMORY = MEMORY
    """Pass as `db` to keep rows in memory until the tracker is closed."""

    SKIP_INSERT = SKIP_INSERT
    """Pass as `db` to store no rows. Sinks still receive them."""

    def __init__(
        self,
        db: str | os.PathLike[str] = "track.db",
        params: Mapping[str, Any] | Any = None,
        *,
        table: str = "events",
        engine: str | None = None,
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
        # check everything before anything is opened or deleted
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
        engine, handed_in = optional_text("engine", engine), tuple(sequence("plugins", plugins))
        git_root = None if git_root is None else resolve(git_root, "git_root")
        track_id = run_id("track_id", track_id)
        settings = Settings(locate(db), str(check_table(table)), engine, given, handed_in, warnings, trusted)
        self._open(RunWriter(settings, track_id), raise_on_error=raise_on_error)
        self.set_params({} if params is None else as_row(params, "params="))
        if git_root is not None:
            self.set_params(git_params(git_root, self._run.params, self._run.warn))
        if reset:
            self.engine.drop(self.table)

    def _open(self, run: RunWriter, *, raise_on_error: bool) -> None:
        self._run = run
        self.raise_on_error = raise_on_error
        # closes a forgotten tracker when it is collected, or at exit; the run must not hold a reference to the tracker
        weakref.finalize(self, _close_forgotten, run, weakref.ref(self))

    @property
    def db(self) -> str:
        """The absolute path of the database, or its URL without the password."""
        return self._run.settings.db.shown

    @property
    def table(self) -> str:
        """The name of the table of events."""
        return self._run.settings.table

    @property
    def engine(self) -> Engine:
        """The storage engine."""
        return self._run.engine

    @property
    def track_id(self) -> str:
        """The name of the run."""
        return self._run.record.track_id

    @property
    def params(self) -> dict[str, Any]:
        """A copy of the params, which are added to every row."""
        return {key: decode(value) for key, value in self._run.params.items()}

    @property
    def conn(self) -> Any:
        """A connection for your own SQL. The data is attached as `db`.

        `tracker.conn.execute("SELECT * FROM db.events WHERE accuracy > 0.8").fetchall()`
        """
        self._run.check_open()
        return self.engine.conn

    @property
    def losses(self) -> dict[str, int]:
        """Number of rows that each sink failed to write. The database has them all."""
        return dict(self._run.observers.losses)

    @property
    def logger(self) -> Any:
        """Write events and messages to the log files only: `monitor`, `experiment`, `track`, `info`, ...

        Without `logs_path=` and `logs_stdout=` they go to standard error. Holding the logger keeps the tracker alive.

        Raises:
            PluginNotInstalledError: xetrack-sinks is not installed.
            ClosedError: the tracker was closed. Methods of the logger raise it too.
        """
        with self._run.lock:
            self._run.check_open()
            return self._run.observers.logger(self._tell)

    def _tell(self, level: str, event: Mapping[str, Any] | str) -> None:
        """Pass a message of the logger to the sinks. The logger holds this method, and so keeps the tracker alive."""
        self._run.observers.log(level, event)
        self._run.check_open()  # last: if another thread closed it meanwhile, no sink received the event

    # Logging

    def log(self, data: Mapping[str, Any] | Any, *, step: int | None = None) -> dict[str, Any]:
        """Log one event, a dict or a config, and return its row: params, event, `timestamp` and `track_id`.

        When it returns, the row is durable. If it raises, nothing was logged.

        Args:
            data: the event.
            step: adds a column of that name.

        Raises:
            InvalidKeyError, InvalidValueError: the message names the key.
            OptionError: `data` has another `step`.
            DatabaseError: the row cannot be stored.
        """
        if type(data) is not dict:
            data = as_row(data, "log()", _BATCH if isinstance(data, (list, tuple)) else "")
        if step is not None:
            if "step" in data:
                _check_one_step(data["step"], step)
            data = {**data, "step": step}
        run = self._run
        if run.observers.monitors:
            data = {**run.observers.read(run.params), **data}
        return run.log(data, run.strict if self.raise_on_error else run.lenient)

    def log_batch(self, data: Iterable[Mapping[str, Any] | Any]) -> list[dict[str, Any]]:
        """Log many events in one transaction, all or none, and return their rows. Raises as `log` does.

        `data` is an iterable of dicts or configs, or a pandas, polars or Arrow table. Its index is ignored.
        """
        run = self._run
        return run.log_batch(as_rows(data, "log_batch()"), run.strict if self.raise_on_error else run.lenient)

    # Params and values

    def set_param(self, key: str, value: Any) -> None:
        """Add `key` to every row from now on. Raises the same errors as `set_params`."""
        self.set_params({check_key(key): value})

    def set_params(self, params: Mapping[str, Any] | Any) -> None:
        """Add `params` to every row from now on, in addition to those set before.

        Raises:
            InvalidKeyError, InvalidValueError: the message names the key. No param was added.
        """
        self._run.set_params(as_row(params, "set_params()", _PARAM if isinstance(params, str) else ""))

    def set_value(self, key: str, value: Any) -> int:
        """Set `key` in all rows that this run has logged so far, and return the number of rows.

        Rows logged later do not get it. A re-entrant call, from a signal handler or `__del__` in the middle of another
        call, is deferred and returns 0. Raises the same errors as `log`, and then sets nothing.
        """
        return self._run.update(check_key(key), value, None)

    def set_where(self, key: str, value: Any, where_key: str, where_value: Any) -> int:
        """Set `key` in the rows of this run where `where_key` is `where_value`, and return the number of rows.

        Otherwise the same as `set_value`.
        """
        wanted = self._run.stored("value", where_value, describe)
        return self._run.update(check_key(key), value, (text("where_key", where_key), wanted))

    # Objects

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
        key = text("key", key)
        with exclusive():
            return find_object(self.assets, self.engine, self.table, key)

    @property
    def assets(self) -> AssetStore:
        """The asset store. Raises `PluginNotInstalledError` if none is installed."""
        return self._run.assets()

    def remove_asset(self, hash_value: str, column: str | None = None) -> bool:
        """Remove an object from a column of the table, or from the store.

        Args:
            hash_value: hash of the object.
            column: set this column to None in the rows that name the object there. The object is deleted with its last
                use. Without a column the object is deleted at once, and rows keep its hash as text.

        Returns:
            False if there is no such object, or no row names it in `column`.
        """
        store, hash_value = self.assets, text("hash_value", hash_value)
        if column is None:
            return store.remove(hash_value, None)
        if hash_value not in store or text("column", column) not in self.columns:
            return False
        return self._run.take_asset(hash_value, column)

    def __repr__(self) -> str:
        """Run, table and file."""
        return f"<Tracker {self.track_id} in {self.table} of {self.db}>"

    # Backup

    def backup(
        self,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Write the whole database, even one in memory, to another file. See `Reader.backup`.

        Other threads can log meanwhile. If the database is in memory, they wait.
        """
        self._run.check_open()
        backup(self.engine, path, overwrite=overwrite, progress=progress)

    # Ending

    def flush(self) -> None:
        """Flush the sinks, and merge the write-ahead log into the database file, so that a copy of it is complete."""
        self._run.flush()

    def close(self) -> None:
        """End the run as `finished`, flush, and release all resources. Closing twice does nothing."""
        self._run.close("finished")

    def __enter__(self) -> Self:
        """The tracker itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        """Close. The run is `failed` if an exception leaves the block."""
        self._run.close("finished" if kind is None else "failed")

    # Pickling

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process needs to log to this run. Raises `OptionError` for a database in memory."""
        return {"run": self._run.portable(), "raise_on_error": self.raise_on_error}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the database again, in the same run. The tracker that was pickled ends it."""
        self._open(RunWriter.resumed(state["run"]), raise_on_error=state["raise_on_error"])


def _close_forgotten(run: RunWriter, tracker: "weakref.ref[Tracker]") -> None:
    """Close the run of a tracker that was not closed: the tracker is garbage, or the process exits.

    Scripts often delete their own database, so a missing file only warns.
    """
    try:
        run.close("finished", forgotten=tracker() is None)
    except DatabaseRemovedError as error:
        python_warnings.warn(str(error), XetrackWarning, stacklevel=outer_level())


def _check_one_step(of_row: object, step: object) -> None:
    """Raise `OptionError` if the two differ: one of them would be lost."""
    try:
        is_same = bool(of_row == step)
    except Exception:
        is_same = False
    if not is_same:
        message = f"step is given twice: {clipped(of_row)} in the event, and step={step!r}. Pass it once."
        raise OptionError(message)
