"""The Reader: every run of a table, without changing the file."""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from xetrack._plugins.factory import check_file, open_engine
from xetrack._plugins.offer import Offer
from xetrack._plugins.readback import open_cache_of, read_back, scan_and_close
from xetrack._plugins.registry import discovered
from xetrack._rows import dataframes
from xetrack._rows.hashes import uses_in
from xetrack._rows.normalize import check_key, decode, stored_value, to_rows
from xetrack._rows.runs import RUN_COLUMNS, run_row
from xetrack._rows.tables import DEFAULT, choose_table, table_not_found
from xetrack._rows.view import View
from xetrack._spec.assets import AssetStore
from xetrack._spec.engine import Engine
from xetrack._spec.provider import Context
from xetrack._spec.types import Columns, Run
from xetrack._sqlite.backup import backup
from xetrack._sqlite.cells import check_table
from xetrack._tracking.assets import find_object, open_store, store_needed
from xetrack._tracking.ids import is_alive, this_host
from xetrack._util.arguments import count, flag, run_id, text
from xetrack._util.environment import safe_mode
from xetrack._util.garbage import paused_gc
from xetrack._util.paths import resolve
from xetrack.errors import ClosedError, OptionError, XetrackWarning, outer_level

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Reader"]


class Reader(View):
    """Reads a table of events, also while other processes write to it. Reading creates and changes no file.

    ```python
    df = Reader("database.db").to_df()
    ```

    Arguments:
        db: path of the database.
        engine: name of the storage engine: "sqlite", "duckdb" (xetrack-duckdb), or that of another plugin.
        table: the table of events, which has to exist; "default" is another name of "events". In a file that has no
            tables yet, "events" is empty. None opens the file whatever its tables are, for `conn`, `assets` and
            `backup()`; its rows are those of "events", or of the only table.
        trusted: False refuses to load logged objects that could run code, for files of strangers; so does
            `XETRACK_SAFE=1`.
        options: options of the engine, such as `timeout=60.0`, and of the asset store, such as `assets="folder"`.

    Raises:
        DatabaseNotFoundError: the file does not exist.
        TableNotFoundError: the file has no such table. A tracker creates a table when it logs the first row: to wait
            for one, try again.
        DatabaseError: the file cannot be read; the subclass says why.
        OptionError, PluginError: as for `Tracker`.
    """

    def __init__(
        self,
        db: str | os.PathLike[str] = "track.db",
        engine: str = "sqlite",
        table: str | None = DEFAULT,
        *,
        trusted: bool = True,
        **options: Any,
    ) -> None:
        trusted = flag("trusted", trusted)
        self.db = resolve(db, "db")
        engine = text("engine", engine)
        discovered().pick("engines", engine)  # raises if nobody brings it
        check_file(self.db, engine)
        self._table = None if table is None else check_table(table)
        self._engine_name = engine
        self._options = {name: value for name, value in options.items() if value is not None and value is not False}
        self._trusted = trusted and not safe_mode()
        self._store: AssetStore | None = None
        self._closed = False
        self.engine, self._routed = self._open(read_only=True)
        try:
            self._check_options()
            self._table = choose_table(self.engine, self.db, self._table)
        except BaseException:
            self.close()
            raise

    def _check_options(self) -> None:
        for offer, given in self._routed:
            if offer.kind != "asset_stores":
                raise OptionError(f"{', '.join(given)}: an option of trackers. A reader only reads the database.")

    @property
    def table(self) -> str:
        """The name of the table of events.

        Raises `TableNotFoundError` for `table=None` if the file has several tables and no `events`.
        """
        if self._table is None:
            self._check_open()
            self._table = choose_table(self.engine, self.db, None)
        if self._table is None:
            tables = self.engine.tables()
            if tables:
                raise table_not_found(self.db, None, tables)
            return DEFAULT  # until there is one
        return self._table

    def _open(self, *, read_only: bool) -> tuple[Engine, list[tuple[Offer, dict[str, Any]]]]:
        table = self._table or DEFAULT
        return open_engine(discovered(), self.db, self._engine_name, table, self._options, read_only=read_only)

    def _open_store(self, engine: Engine, *, read_only: bool) -> AssetStore:
        context = Context(self.db, self._table or DEFAULT, read_only=read_only, engine=engine, trusted=self._trusted)
        store = open_store(discovered(), self._routed, context)
        if store is None:
            raise store_needed(discovered(), "reading objects")
        return store

    # Reading

    def to_df(self, track_id: str | None = None, head: int | None = None, tail: int | None = None) -> "pd.DataFrame":
        """Return the rows of all runs, or of one, in the order of insertion.

        With `head` and `tail`, only the first or last rows. The frame is empty if there are no rows, and for a run that
        does not exist. Raises `OptionError` for what is no name of a run and no number of rows.
        """
        with paused_gc():
            return dataframes.to_pandas(self._select(track_id, head, tail))

    def to_arrow(self, track_id: str | None = None, head: int | None = None, tail: int | None = None) -> Any:
        """The same as a `pyarrow.Table`. Raises `PluginNotInstalledError` without pyarrow."""
        return dataframes.to_arrow(self._select(track_id, head, tail))

    def to_polars(self, track_id: str | None = None, head: int | None = None, tail: int | None = None) -> Any:
        """The same as a `polars.DataFrame`. Raises `PluginNotInstalledError` without polars."""
        return dataframes.to_polars(self._select(track_id, head, tail))

    def to_dicts(
        self, track_id: str | None = None, head: int | None = None, tail: int | None = None
    ) -> list[dict[str, Any]]:
        """The same as a list of dicts, which needs no pandas: every row has every key, None where it had no value."""
        return to_rows(self._select(track_id, head, tail))

    def latest(self) -> "pd.DataFrame":
        """The rows of the run that logged last."""
        self._check_open()
        track_id = self.engine.latest_run(self.table)
        return dataframes.to_pandas(self._select(track_id, None if track_id else 0, None))

    def runs(self) -> "pd.DataFrame":
        """One row a run, the one that logged last first.

        Columns: `track_id`, `table`, `status`, `started`, `ended`, `host`, `pid`, `python`, `params` (a dict),
        `first` and `last` timestamp, `rows`, then the last value of each key, under `last_<key>` where the name is
        taken. A run of xetrack 0.x has only what its rows tell. `status` is `running`, `finished`, `failed`, or
        `crashed` where the process of a running one is gone from this host.
        """
        listed = self._listed()
        keys = dict.fromkeys(key for row in listed for key in row)
        return dataframes.to_pandas(
            {key: [row.get(key) for row in listed] for key in keys or dict.fromkeys(RUN_COLUMNS)}
        )

    def list_runs(self) -> list[dict[str, Any]]:
        """The same as a list of dicts, which needs no pandas: after `rows`, each has the keys that the run logged."""
        return [{key: decode(value) for key, value in row.items()} for row in self._listed()]

    def _listed(self) -> list[dict[str, Any]]:
        self._check_open()
        return [run_row(run, crashed=_is_gone(run)) for run in self.engine.runs(self.table)]

    @classmethod
    def read_db(
        cls,
        db: str | os.PathLike[str],
        engine: str = "sqlite",
        table: str | None = DEFAULT,
        track_id: str | None = None,
        head: int | None = None,
        tail: int | None = None,
    ) -> "pd.DataFrame":
        """The rows of a table in one call: `Reader(db, engine, table).to_df(track_id, head, tail)`."""
        with cls(db, engine, table) as reader:
            return reader.to_df(track_id, head, tail)

    @property
    def conn(self) -> Any:
        """The engine's connection for your own queries, read-only; the data is attached as `db`."""
        self._check_open()
        return self.engine.conn

    def __len__(self) -> int:
        """The number of rows in the table."""
        self._check_open()
        return self.engine.count(self.table)

    def __repr__(self) -> str:
        """Table and file."""
        return f"<Reader of {self._table} in {self.db}>" if self._table else f"<Reader of {self.db}>"

    def _select(self, track_id: str | None, head: int | None, tail: int | None) -> Columns:
        track_id, head, tail = run_id("track_id", track_id), count("head", head), count("tail", tail)
        self._check_open()
        return self.engine.read(self.table, track_id=track_id, head=head, tail=tail)

    def _read(self, *, head: int | None = None, tail: int | None = None) -> Columns:
        return self._select(None, head, tail)

    def _types(self) -> dict[str, str]:
        self._check_open()
        return self.engine.columns(self.table)

    def backup(
        self,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Write the whole database, objects included, into a file of its own, also while others write to it.

        It holds what was committed at one moment, page for page. It is written beside `path` and gets its name when it
        is complete: a killed backup leaves no half database, at most a file `.NAME.*.part`. Missing folders are made.

        Arguments:
            path: path of the file to write.
            overwrite: whether a database of that name, which nobody has open, is replaced.
            progress: called with (pages done, pages in all) now and then.

        Raises:
            DatabaseError: the file is there already, is in use, or cannot be written.
            XetrackError: it is the database itself.
            OptionError: the engine keeps its rows elsewhere than in SQLite.
        """
        self._check_open()
        backup(self.engine, path, overwrite=overwrite, progress=progress)

    # Changing

    def delete_run(self, track_id: str) -> int:
        """Delete a run; return how many rows it had, 0 if there is none.

        Its objects stay, also those that no other run logged: these are warned of, and `collect_assets()` removes them.
        """
        track_id = _named_run(track_id)
        with self._writer() as engine:
            if not (engine.has_assets() and discovered().offers("asset_stores")):
                return engine.delete(self.table, track_id)
            store = self._open_store(engine, read_only=False)
            with engine.transaction():
                columns = engine.read(self.table, track_id=track_id)
                uses = uses_in(columns.values(), set(store.keys()))
                rows = engine.delete(self.table, track_id)
                left = store.recount({key: -count for key, count in uses.items()})
        if left:
            message = (
                f"{len(left)} logged object(s) of run {track_id} were logged by no other run: {', '.join(left[:3])}. "
                "Reader.collect_assets() removes what no row names."
            )
            warnings.warn(message, XetrackWarning, stacklevel=outer_level())
        return rows

    def remove_asset(self, hash_value: str, uses: int | None = 1) -> bool:
        """Take back uses of an object, None for all; with the last one it goes. False if there is none."""
        hash_value, uses = text("hash_value", hash_value), count("uses", uses)
        with self._writer() as engine:
            return self._open_store(engine, read_only=False).remove(hash_value, uses)

    def collect_assets(self) -> list[str]:
        """Remove the objects that no row of any table names, give the disk space back, and return their hashes.

        Reads every row, and rewrites the file if it held any of them: not for the hours in which many write.
        """
        with self._writer() as engine:
            return self._open_store(engine, read_only=False).collect()

    def set_value(self, key: str, value: Any, track_id: str | None = None) -> int:
        """Set `key` in all rows, or in those of one run; return how many rows.

        Raises `InvalidKeyError` or `InvalidValueError`, or `DatabaseError`; then nothing was set. An object is set as
        its repr: only trackers keep objects.
        """
        key, track_id = check_key(key), run_id("track_id", track_id)
        with self._writer() as engine:
            return engine.update(self.table, key, stored_value(key, value), track_id=track_id)

    def set_where(
        self,
        key: str,
        value: Any,
        where_key: str,
        where_value: Any,
        track_id: str | None = None,
    ) -> int:
        """Set `key` in those rows (of one run) where `where_key` is `where_value`; return how many rows.

        As `set_value` otherwise.
        """
        key, track_id = check_key(key), run_id("track_id", track_id)
        where = (text("where_key", where_key), stored_value("value", where_value))
        with self._writer() as engine:
            return engine.update(self.table, key, stored_value(key, value), track_id=track_id, where=where)

    def _writer(self) -> closing[Engine]:
        self._check_open()
        return closing(self._open(read_only=False)[0])

    # Objects, logs and caches, which plugins bring

    @property
    def assets(self) -> AssetStore:
        """The store of logged objects, to read from. Raises `PluginNotInstalledError` if none is installed."""
        self._check_open()
        if self._store is None:
            self._store = self._open_store(self.engine, read_only=True)
        return self._store

    def get(self, key: str) -> object | None:
        """Return the object with this hash, or the one last logged under this key, as `Tracker.get` does."""
        return find_object(self.assets, self.engine, self.table, text("key", key))

    @staticmethod
    def read_logs(path: str | os.PathLike[str], limit: int | None = None) -> "pd.DataFrame":
        """The events in the log files under `path`, newest first, at most `limit` of them.

        Raises `FileNotFoundError` if nothing was logged there, `PluginNotInstalledError` without xetrack-sinks.
        """
        frame: pd.DataFrame = read_back("sinks", "logs")(Path(resolve(path, "path")), limit=count("limit", limit))
        return frame

    @staticmethod
    def read_jsonl(path: str | os.PathLike[str]) -> "pd.DataFrame":
        """The events in a JSONL file, in the order in which they were written.

        Raises `FileNotFoundError` if nothing was logged there, `PluginNotInstalledError` without xetrack-sinks.
        """
        frame: pd.DataFrame = read_back("sinks", "jsonl")(Path(resolve(path, "path")))
        return frame

    @staticmethod
    def read_cache(cache: str | os.PathLike[str], key: str, *, trusted: bool = True) -> dict[str, Any] | None:
        """The cached entry `{"result": ..., "cache": track_id}` under a key; None if there is none.

        Reading a result can run code of whoever wrote the cache: with `trusted=False`, or `XETRACK_SAFE=1` in the
        environment, `UntrustedError` is raised for one that is more than numbers, text, and lists, dicts, sets and
        tuples of them. `DatabaseNotFoundError`: no cache is there. Needs xetrack-cache.
        """
        with closing(open_cache_of(cache, trusted=trusted)) as opened:
            entry: dict[str, Any] | None = opened.get(text("key", key))
            return entry

    @staticmethod
    def scan_cache(cache: str | os.PathLike[str], *, trusted: bool = False) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every key and entry of a cache, oldest first.

        Where reading a result could run code, something else stands in its place, `<unread result of 123 bytes>`;
        with `trusted=True` (and no `XETRACK_SAFE=1`) it is read. Needs xetrack-cache.
        """
        return scan_and_close(open_cache_of(cache, trusted=trusted))

    @staticmethod
    def delete_cache_by_track_id(cache: str | os.PathLike[str], track_id: str) -> int:
        """Forget what a run computed; return how many entries. Needs xetrack-cache."""
        with closing(open_cache_of(cache, trusted=False)) as opened:
            entries: int = opened.delete_run(_named_run(track_id))
            return entries

    # Ending

    def close(self) -> None:
        """Let go of the file. Closing twice does nothing."""
        if not self._closed:
            self._closed = True
            self.engine.close()

    def _check_open(self) -> None:
        if self._closed:
            message = f"this reader of {self.db} was closed. Make a new one to go on."
            raise ClosedError(message)

    def __enter__(self) -> Self:
        """The reader itself."""
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        """Close."""
        self.close()


def _is_gone(run: Run) -> bool:
    """Return whether a running run's process no longer exists on this host."""
    return run.status == "running" and run.host == this_host() and run.pid is not None and not is_alive(run.pid)


def _named_run(track_id: object) -> str:
    """The name of a run that has to be given."""
    return text("track_id", run_id("track_id", track_id))
