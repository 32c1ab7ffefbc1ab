"""The current tables and columns of a SQLite file, and the creation of missing ones.

Other processes may add, rename or drop tables, views and columns. SQLite counts these changes in `schema_version`, so
the schema is loaded again whenever that number differs.
"""

import os
import sqlite3
from collections.abc import Mapping
from typing import Any, TypeAlias

from xetrack._rows.normalize import IDENTITY
from xetrack._sqlite import run_table, summaries, triggers
from xetrack._sqlite.cells import EXTRA, check_table, may_be_column, normal_type, quote
from xetrack.errors import InvalidTableError, SchemaVersionError

__all__ = ["FILE_VERSION", "Executor", "Schema"]

Executor: TypeAlias = sqlite3.Connection | sqlite3.Cursor

FILE_VERSION = 1
"""The layout version that this code writes, and the newest that it reads."""

_EVENTS, _LEGACY = "events", "default"
_TOO_NEW = (
    "the file was written by a newer xetrack (layout {found}; this version reads up to {known}). "
    "Upgrade with: pip install --upgrade xetrack-core"
)


class Schema:
    """The tables of one file as of `version`. Names are those users know, unless called physical."""

    def __init__(self) -> None:
        self.version: tuple[int] | None = None
        self.recorded = self.assets = False  # whether the tables of runs and of objects exist
        self.offsets = False  # whether the table of runs has a column for them
        self.current = False  # whether all of xetrack's own tables exist, with all columns
        self.plans: dict[tuple[Any, ...], Any] = {}
        """How `Inserts` inserts rows of each shape. Emptied whenever the schema is loaded."""
        self._tables: dict[str, str] = {}
        self._views: set[str] = set()
        self._columns: dict[str, dict[str, str]] = {}

    def refresh(self, connection: Executor) -> bool:
        """Load the schema again if it changed. Return whether it did."""
        version = connection.execute("PRAGMA db.schema_version").fetchone()
        if version == self.version:
            return False
        self.load(connection)
        self.version = version
        return True

    def load(self, connection: Executor) -> None:
        """Load all tables. Raises `SchemaVersionError` if the file is newer than this code."""
        found = connection.execute(
            "SELECT name, type, sql LIKE 'CREATE VIRTUAL%' FROM db.sqlite_master WHERE type IN ('table', 'view')"
        ).fetchall()
        self.plans.clear()
        tables = [name for name, kind, _ in found if kind == "table"]
        virtual = {name for name, _, virtual in found if virtual}  # these may need a missing module
        self._views = {_fold(name) for name, kind, _ in found if kind == "view"}
        self._tables = {_fold(name): name for name in tables}
        self.assets = "counts" in tables  # counts the uses of each object, wherever its bytes are
        self.recorded = {"xetrack_runs", "xetrack_meta"} <= set(tables)
        self.offsets = "xetrack_runs" in tables and _has_offsets(connection)
        self.current = self.recorded and self.offsets and {triggers.LOG, summaries.TABLE} <= set(tables)
        if "xetrack_meta" in tables:
            _check_layout(connection)
        self._columns = {name: {} if name in virtual else _event_columns(connection, name) for name in tables}

    def physical(self, table: str) -> str:
        """Return the name in the file. `events` and `default` are one table, under either name."""
        known = self._tables.get(_fold(table))
        if known is None and table in {_EVENTS, _LEGACY}:
            other = _LEGACY if table == _EVENTS else _EVENTS
            known = self._tables.get(other, _EVENTS)
        return known or table

    def shown(self, physical: str) -> str:
        """Return the name that users know a table by."""
        return _EVENTS if physical == _LEGACY and _EVENTS not in self._tables else physical

    def name(self, table: str) -> str:
        """Return the quoted name for SQL."""
        return f"db.{quote(self.physical(table))}"

    def has(self, table: str) -> bool:
        """Whether this table of events exists."""
        return bool(self._columns.get(self.physical(table)))

    def columns(self, table: str) -> dict[str, str]:
        """Return its columns and their types, including the extra."""
        return self._columns[self.physical(table)]

    def tables(self) -> list[str]:
        """List all tables of events."""
        return sorted(self.shown(name) for name, columns in self._columns.items() if columns)

    def make(self, connection: Executor, table: str, wanted: Mapping[str, str]) -> dict[str, str]:
        """Create what is missing of the table and the `wanted` columns, if allowed. Return all of its columns."""
        made = self.make_records(connection)
        if self.has(table):
            made |= self._make_columns(connection, table, wanted)
        else:
            self._make_table(connection, table, wanted)
            made = True
        if made:
            self.refresh(connection)
        return self.columns(table)

    def _make_columns(self, connection: Executor, table: str, wanted: Mapping[str, str]) -> bool:
        columns = self.columns(table)
        before = len(columns)
        for key, kind in wanted.items():
            if key not in columns and _addable(key, columns):
                connection.execute(f"ALTER TABLE {self.name(table)} ADD COLUMN {quote(key)} {kind}")
                columns[key] = kind
        return len(columns) > before

    def _make_table(self, connection: Executor, table: str, wanted: Mapping[str, str]) -> None:
        physical = self.physical(check_table(table))
        if _fold(physical) in self._tables.keys() | self._views:
            message = f"xetrack did not create the table {physical!r} of this file. Choose another one with table=."
            raise InvalidTableError(message)
        columns: dict[str, str] = dict.fromkeys(IDENTITY, "TEXT NOT NULL")
        for key, kind in wanted.items():
            if key not in columns and _addable(key, columns):
                columns[key] = kind
        declared = ", ".join(f"{quote(key)} {kind}" for key, kind in columns.items())
        connection.execute(f"CREATE TABLE db.{quote(physical)} ({declared}, PRIMARY KEY (track_id, timestamp))")
        for statement in triggers.made(physical):
            connection.execute(statement)
        summaries.Summaries(_connection(connection), physical, columns).begin()

    def make_records(self, connection: Executor) -> bool:
        """Create xetrack's own tables, and what older files lack. Return whether they were missing."""
        if self.current:
            return False
        connection.execute("CREATE TABLE IF NOT EXISTS db.xetrack_meta (key TEXT PRIMARY KEY, value)")
        meta = [("layout", FILE_VERSION), ("id", os.urandom(16).hex())]
        connection.executemany("INSERT OR IGNORE INTO db.xetrack_meta VALUES (?, ?)", meta)
        for statement in (run_table.CREATE, triggers.CREATE, *summaries.CREATE):
            connection.execute(statement)
        if not _has_offsets(connection):
            connection.execute(run_table.ADD_OFFSETS)
        connection.execute("DROP TABLE IF EXISTS db.xetrack_changes")  # before 1.0, counters in place of the log
        for name in (name for name, columns in self._columns.items() if columns):
            for statement in (*run_table.former_triggers(name), *triggers.removal(name), *triggers.made(name)):
                connection.execute(statement)
        if _LEGACY in self._tables and _EVENTS not in self._tables.keys() | self._views:
            connection.execute(f"CREATE VIEW db.{_EVENTS} AS SELECT * FROM {quote(_LEGACY)}")
        self.recorded = self.offsets = self.current = True
        return True

    def drop(self, connection: Executor, table: str) -> None:
        """Drop a table of events."""
        physical = self.physical(table)
        if physical == _LEGACY and _EVENTS in self._views:
            connection.execute(f"DROP VIEW db.{_EVENTS}")
        connection.execute(f"DROP TABLE db.{quote(physical)}")
        if self.current:
            connection.execute(triggers.dropped(physical))
            summaries.Summaries(_connection(connection), physical, {}).forget()
        self.refresh(connection)


def _connection(executor: Executor) -> sqlite3.Connection:
    return executor.connection if isinstance(executor, sqlite3.Cursor) else executor


def _check_layout(connection: Executor) -> None:
    found = connection.execute("SELECT value FROM db.xetrack_meta WHERE key = 'layout'").fetchone()
    if found is not None and found[0] > FILE_VERSION:
        raise SchemaVersionError(_TOO_NEW.format(found=found[0], known=FILE_VERSION))


def _has_offsets(connection: Executor) -> bool:
    return any(name == run_table.OFFSETS for _, name, *_ in connection.execute("PRAGMA db.table_info(xetrack_runs)"))


def _fold(name: str) -> str:
    """Return `name` in lowercase ASCII letters, as SQLite compares names."""
    return name.encode().lower().decode()


def _addable(key: str, columns: Mapping[str, str]) -> bool:
    return key == EXTRA or may_be_column(key, columns)


def _event_columns(connection: Executor, table: str) -> dict[str, str]:
    """Return the columns of a table of events, and none for any other table."""
    found = connection.execute(f"PRAGMA db.table_info({quote(table)})").fetchall()
    identity = {name for _, name, _, _, _, key in found if key}
    if identity != set(IDENTITY):
        return {}
    return {name: normal_type(kind) for _, name, kind, _, _, _ in found}
