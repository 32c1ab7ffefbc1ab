"""What tables a SQLite file has that can be queried, and under which names."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from xetrack.plugin import normal_type, quote
from xetrack.sqlite import COUNTERS, Schema, counting
from xetrack_duckdb import assets

__all__ = ["Query", "Table", "Tables"]

Query = Callable[..., list[tuple[Any, ...]]]
"""Gives all rows of some SQL, run by SQLite."""

_HIDDEN = frozenset({"assets", "keys", "counts"})
_OBJECTS = (
    "SELECT type, name, rootpage, sql FROM db.sqlite_master"
    " WHERE name NOT LIKE 'sqlite~_%' ESCAPE '~' AND sql IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class Table:
    """A table, or a view, of the SQLite file.

    `columns` are its keys with our name for their types, `defaults` those that old rows have a value of when they are
    added. `is_events`: it holds events, so its rows have rowids and identities. `counted`: triggers count what is
    changed and deleted in it; without them, every change of the file may be one of the table. `root` is most likely
    another one when the table was made anew.
    """

    name: str
    columns: dict[str, str]
    root: int = 0
    is_events: bool = False
    counted: bool = False
    defaults: frozenset[str] = frozenset()

    @property
    def sql(self) -> str:
        """The quoted name."""
        return f"db.{quote(self.name)}"


class Tables:
    """The tables by their names in the file; those names that queries may use, with the table that each stands for."""

    def __init__(self) -> None:
        self.found: dict[str, Table] = {}
        self.shown: dict[str, str] = {}
        self.names: set[str] = set()
        """Of all tables, the store's own included."""

    def look(self, connection: sqlite3.Connection, query: Query) -> None:
        """Find them all."""
        schema = Schema()
        schema.load(connection)
        objects = query(_OBJECTS)
        triggers = {name: sql for kind, name, _, sql in objects if kind == "trigger"}
        self.found, self.shown = {}, {}
        self.names = {name for kind, name, _, _ in objects if kind == "table"}
        for kind, name, root, sql in objects:
            is_events = schema.has(name)
            is_alias = is_events and kind == "view"  # `events` over the table `default` of 0.x files
            is_plain = kind in {"table", "view"} and not sql.upper().startswith("CREATE VIRTUAL")
            if is_plain and not is_alias and not _is_hidden(name):
                counted = is_events and COUNTERS in self.names and _counting(name).items() <= triggers.items()
                self._add(query, Table(name, {}, root, is_events, counted))
                if is_events:
                    self.shown[schema.shown(name)] = name
        if assets.NAME in self.names:
            self.found[assets.NAME] = Table(assets.NAME, assets.COLUMNS)
            self.shown[assets.NAME] = assets.NAME

    def _add(self, query: Query, table: Table) -> None:
        try:
            described = query(f"PRAGMA db.table_info({quote(table.name)})")
        except sqlite3.Error:  # a view of what is no longer there cannot be queried in SQLite either
            return
        columns = {column: normal_type(declared) for _, column, declared, _, _, _ in described}
        defaults = frozenset(column for _, column, _, _, default, _ in described if default is not None)
        self.found[table.name] = replace(table, columns=columns, defaults=defaults)
        self.shown[table.name] = table.name


def _is_hidden(name: str) -> bool:
    """Whether a table is the store's own; the record of runs may be queried."""
    lower = name.lower()
    return lower in _HIDDEN or (lower.startswith("xetrack_") and lower != "xetrack_runs")


def _counting(table: str) -> dict[str, str]:
    return {name: f"CREATE TRIGGER {quote(name)} {rest}" for name, rest in counting(table).items()}
