"""The Reader: all runs of a table, read-only unless you change them explicitly."""

import os
import warnings
from collections.abc import Callable, Sequence
from contextlib import closing
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from xetrack._filter.selection import parse_filter
from xetrack._plugins.factory import check_file, choose_engine, open_engine
from xetrack._plugins.offer import Offer
from xetrack._plugins.readback import ReadBack
from xetrack._plugins.refusals import check_reader_options
from xetrack._plugins.registry import discovered
from xetrack._rows import dataframes
from xetrack._rows.hashes import uses_in
from xetrack._rows.normalize import check_key, decode, stored_value, to_rows
from xetrack._rows.runs import run_columns, run_row
from xetrack._rows.tables import DEFAULT, choose_table, table_not_found
from xetrack._rows.utc import in_utc
from xetrack._rows.view import View
from xetrack._spec.assets import AssetStore
from xetrack._spec.engine import Engine
from xetrack._spec.provider import Context
from xetrack._spec.types import Columns
from xetrack._sqlite.cells import check_table
from xetrack._tracking.assets import find_object, open_store, store_needed
from xetrack._tracking.backup import backup
from xetrack._util.arguments import count, flag, named_run, optional_text, run_id, sequence, text
from xetrack._util.environment import safe_mode
from xetrack._util.gc_pause import paused_gc
from xetrack._util.locations import locate
from xetrack.errors import ClosedError, XetrackWarning, outer_level

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Reader"]


class Reader(View, ReadBack):
    """Reads the runs of a table, also while other processes write to it. Reading creates and changes no file.

    ```python
    with Reader("track.db") as reader:
        best = reader.runs().sort_values("accuracy").iloc[-1]
    ```

    Args:
        db: path of the database, or a URL that an installed plugin serves.
        engine: name of the storage engine, as for `Tracker`. By default the one that serves the URL, or "sqlite".
        table: table of events. "default" is another name of "events". In a file without tables, "events" is empty.
            None opens the file whatever its tables are, for `conn`, `assets` and `backup()`; its rows are those of
            "events", or of the only table.
        utc: True returns times in UTC. Runs that recorded no UTC offset keep local times, and a warning says so.
        trusted: False refuses to load objects that could run code. Use it for files you do not trust, or set
            `XETRACK_SAFE=1`.
        plugins: plugins for this reader only, as for `Tracker`.
        options: options of the engine, such as `timeout=60.0`, and of the asset store, such as `assets="folder"`.

    Raises:
        DatabaseNotFoundError: the file does not exist.
        TableNotFoundError: the file has no such table. A tracker creates its table with its first row: to wait for
            one, try again.
        DatabaseError: the file cannot be read; the subclass says why.
        OptionError: an option is unknown or invalid.
        PluginError: the plugin for the engine or an option is missing or does not work.
    """

    def __init__(
        self,
        db: str | os.PathLike[str] = "track.db",
        engine: str | None = None,
        table: str | None = DEFAULT,
        *,
        utc: bool = False,
        trusted: bool = True,
        plugins: Sequence[object] = (),
        **options: Any,
    ) -> None:
        trusted, utc = flag("trusted", trusted), flag("utc", utc)
        self._location = locate(db)
        self._plugins = discovered().having(tuple(sequence("plugins", plugins)))
        # Name a missing engine before anything else that may be wrong.
        self._chosen = choose_engine(self._plugins, self._location, optional_text("engine", engine))
        check_file(self._location, self._chosen)
        self._table = None if table is None else check_table(table)
        self._options = {name: value for name, value in options.items() if value is not None and value is not False}
        self._trusted = trusted and not safe_mode()
        self._store: AssetStore | None = None
        self._closed = False
        self.engine, self._routed = self._open(read_only=True)
        try:
            check_reader_options(self._routed)
            self._table = choose_table(self.engine, self.db, self._table)
            self.engine = in_utc(self.engine) if utc else self.engine
        except BaseException:
            self.close()
            raise

    @property
    def db(self) -> str:
        """The absolute path of the database, or its URL without the password."""
        return self._location.shown

    @property
    def table(self) -> str:
        """The name of the table of events.

        Raises:
            TableNotFoundError: the reader was made with `table=None`, and the file has several tables and no `events`.
        """
        if self._table is None:
            self._check_open()
            self._table = choose_table(self.engine, self.db, None)
        if self._table is None and (tables := self.engine.tables()):
            raise table_not_found(self.db, None, tables)
        return self._table or DEFAULT

    def _open(self, *, read_only: bool) -> tuple[Engine, list[tuple[Offer, dict[str, Any]]]]:
        table = self._table or DEFAULT
        return open_engine(self._plugins, self._location, self._chosen, table, self._options, read_only=read_only)

    def _open_store(self, engine: Engine, *, read_only: bool) -> AssetStore:
        context = Context(self.db, self._table or DEFAULT, read_only=read_only, engine=engine, trusted=self._trusted)
        store = open_store(self._plugins, self._routed, context)
        if store is None:
            raise store_needed(self._plugins, "reading objects")
        return store

    # Reading

    def to_df(self, track_id: str | None = None, head: int | None = None, tail: int | None = None) -> "pd.DataFrame":
        """Return rows as a DataFrame, in insertion order.

        ```python
        reader.to_df(track_id="fierce-pudu-1649", tail=10)
        ```

        Args:
            track_id: only the rows of this run; by default of all runs.
            head: only the first rows, at most so many.
            tail: only the last rows, at most so many.

        Returns:
            One row per event and one column per key. It is empty if there are no rows, or no such run.

        Raises:
            OptionError: the name of the run is not a text, or a number of rows is negative.
        """
        with paused_gc():
            return dataframes.to_pandas(self._select(track_id, head, tail))

    def to_arrow(self, track_id: str | None = None, head: int | None = None, tail: int | None = None) -> Any:
        """Return the same rows as `to_df`, as a `pyarrow.Table`. Needs pyarrow."""
        return dataframes.to_arrow(self._select(track_id, head, tail))

    def to_polars(self, track_id: str | None = None, head: int | None = None, tail: int | None = None) -> Any:
        """Return the same rows as `to_df`, as a `polars.DataFrame`. Needs polars."""
        return dataframes.to_polars(self._select(track_id, head, tail))

    def to_dicts(
        self, track_id: str | None = None, head: int | None = None, tail: int | None = None
    ) -> list[dict[str, Any]]:
        """Return the same as `to_df`, as dicts. Missing values are None."""
        return to_rows(self._select(track_id, head, tail))

    def latest(self) -> "pd.DataFrame":
        """Return the rows of the most recently active run."""
        self._check_open()
        track_id = self.engine.latest_run(self.table)
        return dataframes.to_pandas(self._select(track_id, None if track_id else 0, None))

    def runs(self, where: str | Sequence[str] | None = None, limit: int | None = None) -> "pd.DataFrame":
        """Return one row per run, most recently active first.

        Args:
            where: only runs that match a filter, such as "lr <= 1e-3 and max(val/acc) > 0.7", or all of several.
            limit: only the most recently active runs, at most so many.

        Returns:
            The columns `track_id`, `table`, `status` (`running`, `finished`, `failed`, or `crashed` if its process is
            gone), `started`, `ended`, `host`, `pid`, `python`, `params` (a dict), `first` and `last` timestamp, `rows`
            and `utc_offsets`. Then each key's last value, as `last_<key>` if that is taken.

        Raises:
            FilterError: the filter is malformed, or names a key or a kind of value that no run has.
        """
        with paused_gc():
            return dataframes.to_pandas(run_columns(self._listed(where, limit)))

    def list_runs(self, where: str | Sequence[str] | None = None, limit: int | None = None) -> list[dict[str, Any]]:
        """Return the same as `runs`, as dicts, each with the keys that its run logged."""
        return [{key: decode(value) for key, value in row.items()} for row in self._listed(where, limit)]

    def _listed(self, where: str | Sequence[str] | None, limit: int | None) -> list[dict[str, Any]]:
        limit = count("limit", limit)
        self._check_open()
        chosen = None if where is None else parse_filter(where)
        runs = self.engine.runs(self.table, limit=None if chosen else limit)
        listed = [run_row(run) for run in runs]
        return chosen.select(listed, self.engine, self.table)[:limit] if chosen else listed

    @classmethod
    def read_db(
        cls,
        db: str | os.PathLike[str],
        engine: str | None = None,
        table: str | None = DEFAULT,
        track_id: str | None = None,
        head: int | None = None,
        tail: int | None = None,
    ) -> "pd.DataFrame":
        """Return `Reader(db, engine, table).to_df(track_id, head, tail)`, and close the reader."""
        with cls(db, engine, table) as reader:
            return reader.to_df(track_id, head, tail)

    @property
    def conn(self) -> Any:
        """A read-only connection for your own queries. The data is attached as `db`.

        ```python
        reader.conn.execute("SELECT track_id, max(accuracy) FROM db.events GROUP BY track_id").fetchall()
        ```
        """
        self._check_open()
        return self.engine.conn

    def __len__(self) -> int:
        """Return the number of rows in the table."""
        self._check_open()
        return self.engine.count(self.table)

    def __repr__(self) -> str:
        """Return the table and the file."""
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
        """Copy the whole database, objects included, into one file, also while others write to it.

        The copy holds what was committed at one moment. It is written next to `path` and renamed when it is complete,
        so a killed backup leaves at most a file `.NAME.*.part`. Missing folders are created.

        Args:
            path: path of the file to write.
            overwrite: replace an existing database at `path`. Nobody may have it open.
            progress: called with (pages done, pages in all) from time to time.

        Raises:
            DatabaseError: the file exists, is in use, or cannot be written.
            XetrackError: `path` is the database itself.
            OptionError: the engine cannot write backups.
        """
        self._check_open()
        backup(self.engine, path, overwrite=overwrite, progress=progress)

    # Changing

    def delete_run(self, track_id: str) -> int:
        """Delete a run; return how many rows it had, 0 if there is no such run.

        Its objects stay. If no other run logged them, a warning names some; `collect_assets()` deletes them.
        """
        track_id = named_run("track_id", track_id)
        with self._writer() as engine:
            if not (engine.has_assets() and self._plugins.offers("asset_stores")):
                return engine.delete(self.table, track_id)
            store = self._open_store(engine, read_only=False)
            with engine.transaction([self.table]):
                columns = engine.read(self.table, track_id=track_id)
                uses = uses_in(columns.values(), set(store.keys()))
                rows = engine.delete(self.table, track_id)
                left = store.recount({key: -count for key, count in uses.items()})
        if left:
            objects = f"{len(left)} object{'s' * (len(left) > 1)} that no other run logged: {', '.join(left[:3])}"
            message = f"run {track_id} leaves {objects}. Reader.collect_assets() deletes those that no row uses."
            warnings.warn(message, XetrackWarning, stacklevel=outer_level())
        return rows

    def remove_asset(self, hash_value: str, uses: int | None = 1) -> bool:
        """Take back uses of an object, and delete it with the last one; return whether it existed.

        Args:
            hash_value: hash of the object.
            uses: number of uses; None means all.
        """
        hash_value, uses = text("hash_value", hash_value), count("uses", uses)
        with self._writer() as engine:
            return self._open_store(engine, read_only=False).remove(hash_value, uses)

    def collect_assets(self) -> list[str]:
        """Delete the objects that no row of any table names, free their disk space, and return their hashes.

        Reads every row, and rewrites the file if it held such objects: run it while nobody logs.
        """
        with self._writer() as engine:
            return self._open_store(engine, read_only=False).collect()

    def set_value(self, key: str, value: Any, track_id: str | None = None) -> int:
        """Set a key in all rows, or in those of one run; return how many rows were set.

        Args:
            key: the key to set.
            value: its new value. An object is set as its `repr`: only trackers store objects.
            track_id: only in the rows of this run.

        Raises:
            InvalidKeyError: the key cannot be used.
            InvalidValueError: the value cannot be stored.
            DatabaseError: the store failed. Nothing was set.
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
        """Set a key in the rows where another key has a value; return how many rows were set.

        ```python
        reader.set_where("split", "test", "fold", 3)
        ```

        Args:
            key: the key to set.
            value: its new value.
            where_key: the key to compare.
            where_value: only in rows where `where_key` has this value.
            track_id: only in the rows of this run.

        Raises as `set_value` does.
        """
        key, track_id = check_key(key), run_id("track_id", track_id)
        where = (text("where_key", where_key), stored_value("value", where_value))
        with self._writer() as engine:
            return engine.update(self.table, key, stored_value(key, value), track_id=track_id, where=where)

    def _writer(self) -> closing[Engine]:
        self._check_open()
        return closing(self._open(read_only=False)[0])

    # Objects

    @property
    def assets(self) -> AssetStore:
        """The store of logged objects, read-only. Needs xetrack-assets."""
        self._check_open()
        if self._store is None:
            self._store = self._open_store(self.engine, read_only=True)
        return self._store

    def get(self, key: str) -> object | None:
        """Return the object with this hash, or the last one logged under this key; None if there is none."""
        return find_object(self.assets, self.engine, self.table, text("key", key))

    # Ending

    def close(self) -> None:
        """Release the file. Closing twice does nothing."""
        if not self._closed:
            self._closed = True
            self.engine.close()

    def _check_open(self) -> None:
        if self._closed:
            raise ClosedError(f"this reader of {self.db} is closed. Create a new one.")

    def __enter__(self) -> Self:
        """Return the reader."""
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        """Close the reader."""
        self.close()
