"""A DuckDB instance with columnar copies of the tables in the SQLite file, brought up to date before each query."""

import atexit
import ctypes
import os
import tempfile
import threading
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xetrack.errors import outer_level
from xetrack.plugin import HeldAtFork, paused_gc
from xetrack.sqlite import Database, Watermark, run_aside
from xetrack_duckdb import names
from xetrack_duckdb.copier import Copied, Copier, StaleError
from xetrack_duckdb.projection import Projection
from xetrack_duckdb.source import Source, Version
from xetrack_duckdb.storage import Storage
from xetrack_duckdb.views import View, exchange

if TYPE_CHECKING:
    import duckdb

    from xetrack_duckdb import DuckdbOptions

__all__ = ["Mirror"]

_MANY_ROWS = 100_000  # new rows that are worth compressing


class Mirror:
    """Copies of the tables of one database, and the views of them that queries see."""

    def __init__(self, database: Database, options: "DuckdbOptions") -> None:
        import duckdb

        self._source = Source(database)
        self.database = database
        self._pid = os.getpid()
        self._closed = True  # until all is open
        self._lock = threading.RLock()
        self._lasting: set[str] = set()
        self._all_named = False
        self._looked: Version | None = None
        config: dict[str, Any] = {"temp_directory": str(_spill_path(options))}
        if options.memory_limit is not None:
            config["memory_limit"] = options.memory_limit
        self._connection = duckdb.connect(":memory:", config=config)
        self._cursors: list[duckdb.DuckDBPyConnection] = []
        self._cursor = self._connection.cursor()
        self._copier = Copier(self._cursor, self._source)
        self._projection = Projection(self._cursor)
        self._storage = Storage(self._cursor, _cache_path(database.path, options), outer_level())
        self._copies = self._storage.copies
        self._views: dict[str, View] = {}
        self._closed = False
        _mirrors().add(self)

    # Before each query

    def refresh(self, text: str, *, lasting: bool) -> None:
        """Bring up to date the tables that `text` may name, and if `lasting`, from now on."""
        with self._holding():
            self._compress()
            version = self._source.version()
            if not version:
                return
            if version == self._looked and self._is_current(self._named(text, lasting=lasting), version, text):
                return
            if self._source.is_inline:
                self._bring_up_to_date(text, lasting=lasting)
                return
        run_aside(lambda stop: self._aside(stop, text, lasting=lasting))

    def complete(self, text: str) -> bool:
        """Copy all columns of the tables that a query may name. Return False if they were copied before."""
        with self._holding():
            if not self._named(text, lasting=False) & self._partial():
                return False
            self._projection.take_all(text)
        self.refresh(text, lasting=False)
        return True

    def _compress(self) -> None:
        """Compress the copies after many new rows, to a quarter or less from DuckDB 1.5 on.

        That takes a tenth of the time of copying them. The first query does not wait for it, the next one does.
        """
        import duckdb

        if self._copier.loose >= _MANY_ROWS:
            self._copier.loose = 0
            with suppress(duckdb.TransactionException):  # a transaction of the user's reads them
                self._cursor.execute("CHECKPOINT db")

    def _aside(self, stop: threading.Event, text: str, *, lasting: bool) -> None:
        with self._holding():
            self._source.stop = stop
            self._bring_up_to_date(text, lasting=lasting)

    @contextmanager
    def _holding(self) -> Iterator[None]:
        """Keep others from copying, and from writing to a database in memory, which has one connection."""
        with self._lock:
            if self._source.in_memory:
                with self.database.lock:
                    yield
            else:
                yield

    def _named(self, text: str, *, lasting: bool) -> set[str]:
        """Return the tables that are needed for `text`."""
        shown = self._source.tables.shown
        is_lasting = lasting or (names.is_lasting(text) and not names.is_setting(text))
        self._all_named |= names.may_name_any(text)
        if is_lasting or self._all_named:
            self._projection.take_all()
        if self._all_named:
            return set(shown.values())
        named = names.mentioned(text, shown)
        if is_lasting:
            self._lasting |= named
        needed = {shown[name] for name in named | (self._lasting & shown.keys())}
        partial = self._partial()
        # A statement that reads no columns by name may list those of tables that it does not name either.
        return needed | partial if partial and self._projection.words(text) is None else needed

    def _partial(self) -> set[str]:
        """Return the tables that some columns were left out of."""
        return {name for name, copied in self._copies.items() if copied.left_out}

    def _is_current(self, tables: set[str], version: Version, text: str) -> bool:
        return all(name in self._copies and self._suffices(self._copies[name], version, text) for name in tables)

    def _suffices(self, copied: Copied, version: Version, text: str) -> bool:
        """Whether a copy is of this version, with the columns that the query `text` needs."""
        return copied.version == version and not (copied.left_out and copied.lacks(self._projection.words(text)))

    def _bring_up_to_date(self, text: str, *, lasting: bool) -> None:
        with self._source.snapshot(), paused_gc():
            version = self._source.version()
            needed = self._named(text, lasting=lasting)
            stale: set[str] = set()
            while not self._copy(needed, version, text, stale):
                pass
            self._looked = version
            if self._source.is_uncommitted:
                for copied in self._copies.values():  # what was copied may be rolled back
                    copied.version, copied.watermark = None, Watermark()

    def _copy(self, needed: set[str], version: Version, text: str, stale: set[str]) -> bool:
        """Bring tables up to date in one transaction, together with their views.

        Return False, with nothing changed, if another table turns out to be stale: then call again.
        """
        import duckdb

        copies = dict(self._copies)
        self._cursor.execute("BEGIN")
        try:
            for name in copies.keys() - self._source.tables.found.keys():
                self._copier.drop(copies.pop(name))
                self._storage.save(name, None)
            for name, table in self._source.tables.found.items():
                old = copies.get(name)
                storage = old.storage if old is not None else self._free_name(copies)
                if name in needed:
                    if old is not None and self._suffices(old, version, text):
                        continue
                    try:
                        copies[name] = self._copier.refreshed(
                            self._projection.narrowed(table, text, old),
                            None if name in stale else old,
                            version,
                            storage,
                        )
                    except StaleError:
                        stale.add(name)
                        self._cursor.execute("ROLLBACK")
                        return False
                elif old is None or (old.is_shell and old.declared != table.columns):
                    copies[name] = self._copier.shell(table, storage)
                else:
                    continue
                self._storage.save(name, copies[name])
            views = self._definitions(copies)
            exchange(self._cursor, self._views, views)
            self._cursor.execute("COMMIT")
        except BaseException:
            with suppress(duckdb.Error):  # DuckDB may have rolled back by itself
                self._cursor.execute("ROLLBACK")
            raise
        self._copies, self._views = copies, views
        return True

    def _free_name(self, copies: dict[str, Copied]) -> str:
        taken = {copied.storage for copied in copies.values()}
        return next(name for number in range(len(taken) + 1) if (name := f"t{number}") not in taken)

    def _definitions(self, copies: dict[str, Copied]) -> dict[str, View]:
        """Return the views by name."""
        shown = {name: copies[table] for name, table in self._source.tables.shown.items() if table in copies}
        return {spelt: _view(shown[name]) for name, spelt in names.distinct(shown).items()}

    def cursor(self) -> "duckdb.DuckDBPyConnection":
        """Return a connection for queries, with `db` second in its search path."""
        cursor = self._connection.cursor()
        cursor.execute("SET search_path = 'memory,db'")
        self._cursors.append(cursor)
        return cursor

    # The end

    @property
    def is_usable(self) -> bool:
        """Whether it is open, and this process created it."""
        return not self._closed and self._pid == os.getpid()

    def close(self) -> None:
        """Close everything, except in a forked child."""
        if not self.is_usable:
            return
        with self._lock:
            self._closed = True
            for cursor in self._cursors:
                cursor.close()
            self._storage.close()
            self._cursor.close()
            self._connection.close()

    def __del__(self) -> None:
        """Close a forgotten mirror. In memory, relations that the user holds go on."""
        if getattr(self, "_closed", True) or not self.is_usable:
            return
        self._source.let_go()
        if self._storage.is_kept:
            self.close()

    def before_fork(self) -> None:
        """Wait for a copy under way."""
        self._lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Never destroy the parent's connections: DuckDB would wait for threads that do not exist here."""
        for connection in (self._connection, self._cursor, *self._cursors):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
        self._lock.release()


def _view(copied: Copied) -> View:
    """Return the view of a copy."""
    spelt = names.distinct(copied.columns)
    return View(copied.name, {spelt[key]: column.kind for key, column in copied.columns.items()})


def _spill_path(options: "DuckdbOptions") -> Path:
    """Return a folder that DuckDB creates when data does not fit into memory, and removes when it closes."""
    parent = Path(options.temp_directory or tempfile.gettempdir()).expanduser()
    parent.mkdir(parents=True, exist_ok=True)
    return parent / f"xetrack-duckdb-{uuid.uuid4().hex}"


def _cache_path(db: str, options: "DuckdbOptions") -> Path | None:
    chosen = options.duckdb_cache
    if not chosen or db == ":memory:":
        return None
    return Path(f"{db}.duckdb") if chosen is True else Path(chosen).expanduser().resolve()


@lru_cache(maxsize=1)
def _mirrors() -> "HeldAtFork[Mirror]":
    """Return the mirrors of this process, which are closed at exit."""
    mirrors: HeldAtFork[Mirror] = HeldAtFork()
    atexit.register(_close_all, mirrors)
    return mirrors


def _close_all(mirrors: "HeldAtFork[Mirror]") -> None:
    for mirror in mirrors.alive():
        try:
            mirror.close()
        except Exception:  # the others are closed all the same
            traceback.print_exc()
