"""The SQLite side of a mirror: whether anything was committed, what changed, and the rows, in blocks.

The connection that reads the file writes nothing. So `PRAGMA data_version`, which changes with commits of other
connections in any process, changes with every commit.
"""

import json
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from xetrack.plugin import EXTRA, load_extra, quote, restore
from xetrack.sqlite import FAILURES, LOG, MEMORY, WHOLE_TABLE, Database, UsersConnection, translate
from xetrack_duckdb import assets
from xetrack_duckdb.columns import Block, Blocks
from xetrack_duckdb.tables import Table, Tables

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Source", "StoppedError", "Version"]

Version: TypeAlias = tuple[Any, ...]
"""A state of the file: while it is equal, nothing was committed."""

_BLOCK = 2000  # rows to transpose at once, while they are in the processor's cache
_CELLS = 300_000  # of a block that goes into DuckDB
_MOST_ARGUMENTS = 100  # SQLITE_MAX_FUNCTION_ARG is 100 or more (sqlite.org/limits.html, 6)
_MODULUS = 1_000_003

_Rows: TypeAlias = Generator[list[tuple[Any, ...]], None, None]


class StoppedError(Exception):
    """The query that needed the rows was interrupted."""


class Source:
    """The tables of one database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.tables = Tables()
        self.stop = threading.Event()
        self._schema_version: Version | None = None
        self._connection: sqlite3.Connection | None = None
        self._opened = 0

    @property
    def in_memory(self) -> bool:
        """Whether the database is in memory, where the engine's connection is the only one."""
        return self.database.path == MEMORY

    @property
    def is_inline(self) -> bool:
        """Whether to read in the calling thread, which may hold the database's lock or only connection."""
        return self.in_memory or self.database.depth > 0

    @property
    def is_uncommitted(self) -> bool:
        """Whether what is read now may be rolled back."""
        return self.in_memory and self.database.depth > 0

    def version(self) -> Version:
        """Return the state of the file, empty if there is no file yet."""
        if not self.database.exists:
            return ()
        connection = self.database.users_connection()
        if connection is not self._connection:  # the first one, or a fork closed it
            self._connection, self._opened, self._schema_version = connection, self._opened + 1, None
        try:
            if self.in_memory:
                return (self._opened, connection.total_changes, *self._pragma("schema_version"))
            return (self._opened, *self._pragma("data_version"))
        except FAILURES as error:
            raise translate(error, self.database.path) from error

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read one state of the file inside."""
        connection = self.database.users_connection()
        nested = connection.in_transaction
        try:
            if not nested:
                connection.execute("BEGIN")
            try:
                version = self._pragma("schema_version")
                if version != self._schema_version:
                    self.tables.look(connection, self.query)
                    self._schema_version = version
                yield
            finally:
                if not nested and connection.in_transaction:
                    connection.execute("ROLLBACK")
        except FAILURES as error:
            raise translate(error, self.database.path) from error

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return self.database.users_connection().execute(sql, parameters).fetchall()

    def let_go(self) -> None:
        """Close the connection to the file, unless the user holds it."""
        connection, self._connection = self._connection, None
        if isinstance(connection, UsersConnection) and not connection.is_held():
            connection.close()

    def _pragma(self, name: str) -> Version:
        (row,) = self.query(f"PRAGMA db.{name}")
        return row

    # What changed

    def counters(self, table: Table, known: dict[str, int], made: int | None) -> tuple[dict[str, int], int] | None:
        """Return the change counters of the table's runs and of the table, or None if they are as known."""
        sql = f"SELECT track_id, max(place) FROM db.{LOG} WHERE event_table = ? GROUP BY track_id"
        found: dict[Any, Any] = dict(self.query(sql, (table.name,)))
        everything: dict[Any, Any] = {**known, WHOLE_TABLE: made}
        if found == everything:
            return None
        return found, found.pop(WHOLE_TABLE, 0)

    def extent(self, table: Table) -> list[tuple[Any, ...]]:
        """Return the number of rows and the last rowid, each by a query of its own, which SQLite does not scan for."""
        return self.query(f"SELECT (SELECT count(*) FROM {table.sql}), (SELECT max(_rowid_) FROM {table.sql})")

    def fingerprint(self, table: Table) -> tuple[Any, ...]:
        """Return what changes when rows get new rowids, as VACUUM may do."""
        return self.query(f"SELECT {self.fingerprint_sql('_rowid_')} FROM {table.sql} NOT INDEXED")[0]

    @staticmethod
    def fingerprint_sql(rowid: str) -> str:
        """Return the SQL expressions of a fingerprint, here and in a copy."""
        return f"max({rowid}), sum({rowid} % {_MODULUS})"

    # Rows

    def chunks(self, table: Table, after: int) -> Blocks:
        """Return the rows after a rowid in insertion order, or all rows of a table that holds no events."""
        if table.name == assets.NAME:
            return assets.listed(self.query, self.tables.names)
        if not table.is_events:  # it may be a view, or a table without rowids
            return self._turned(table, self._fetched(table, "row_number() OVER ()", ""))
        if self.is_inline or len(table.columns) >= _MOST_ARGUMENTS:
            return self._turned(table, self._fetched(table, "_rowid_", "WHERE _rowid_ > ? ORDER BY _rowid_", after))
        return self._turned(table, self._collected(table, after))

    def rows_of(self, table: Table, runs: Sequence[str], until: int) -> Blocks:
        """Return the rows of some runs up to a rowid."""
        rest = "WHERE track_id IN (SELECT value FROM json_each(?)) AND _rowid_ <= ? ORDER BY _rowid_"
        return self._turned(table, self._fetched(table, "_rowid_", rest, json.dumps(list(runs)), until))

    def _fetched(self, table: Table, rowid: str, rest: str, *bound: Any) -> _Rows:
        names = ", ".join([rowid, *map(quote, table.columns)])
        cursor = self.database.users_connection().execute(f"SELECT {names} FROM {table.sql} {rest}", bound)
        while rows := cursor.fetchmany(_BLOCK):
            yield rows

    def _collected(self, table: Table, after: int) -> _Rows:
        """Yield rows that a function called by the query collects, as the engine does: faster than fetching them."""
        rows: list[tuple[Any, ...]] = []

        def collect(*row: Any) -> None:
            rows.append(row)

        names = ", ".join(["_rowid_", *map(quote, table.columns)])
        connection = self.database.users_connection()
        connection.create_function("xetrack_collect", len(table.columns) + 1, collect)
        is_full = f"CASE WHEN xetrack_collect({names}) IS NULL THEN _rowid_ % {_BLOCK} = 0 END"
        calling = f"WHERE _rowid_ > ? AND {is_full} ORDER BY _rowid_"
        for _ in connection.execute(f"SELECT 1 FROM {table.sql} NOT INDEXED {calling}", (after,)):
            if rows:  # sqlite3 looks one row ahead
                yield rows
            rows.clear()
        if rows:
            yield rows

    def _turned(self, table: Table, blocks: _Rows) -> Blocks:
        """Transpose blocks of rows."""
        size = max(_BLOCK, _CELLS // (len(table.columns) + 1))
        cells: list[list[Any]] = [[] for _ in range(len(table.columns) + 1)]
        with closing(blocks):  # ends the query even if the traceback of an error is kept
            for rows in blocks:
                if self.stop.is_set():
                    raise StoppedError
                for column, values in zip(cells, zip(*rows, strict=True), strict=True):
                    column.extend(values)
                if len(cells[0]) >= size:
                    yield _restored(table, cells)
                    cells = [[] for _ in cells]
        if cells[0]:
            yield _restored(table, cells)


def _restored(table: Table, cells: list[list[Any]]) -> Block:
    """Return cells as they were logged."""
    rowids, *rest = cells
    named = dict(zip(table.columns, rest, strict=True))
    extras = [(number, text) for number, text in enumerate(named.pop(EXTRA, ())) if text is not None]
    values = {key: restore(column, table.columns[key]) for key, column in named.items()}
    load_extra(values, extras, len(rowids))
    return Block(rowids, values)
