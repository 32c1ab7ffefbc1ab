"""The tables of a SQLite file that can be queried, and their names."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from xetrack.plugin import EXTRA, normal_type, quote
from xetrack.sqlite import Schema
from xetrack_duckdb import assets

__all__ = ["Query", "Table", "Tables"]

Query = Callable[..., list[tuple[Any, ...]]]
"""Runs SQL in SQLite and returns all rows."""

_HIDDEN = frozenset({"assets", "keys", "counts"})
_OBJECTS = "SELECT type, name, sql FROM db.sqlite_master WHERE name NOT LIKE 'sqlite~_%' ESCAPE '~' AND sql IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view of the SQLite file.

    Attributes:
        columns: its keys, and xetrack's names for their types.
        is_events: whether it holds events, so that there is a change feed. Any commit may have changed another table.
        defaults: keys with a default, which existing rows get when the column is added.
        wanted: names in lower case of the keys to copy, or None for all. Extra keys count too.
    """

    name: str
    columns: dict[str, str]
    is_events: bool = False
    defaults: frozenset[str] = frozenset()
    wanted: frozenset[str] | None = None

    @property
    def sql(self) -> str:
        """The quoted name."""
        return f"db.{quote(self.name)}"

    @property
    def chosen(self) -> dict[str, str]:
        """The columns to read, the one with extra keys included."""
        return {key: kind for key, kind in self.columns.items() if key == EXTRA or self.wants(key)}

    def wants(self, key: str) -> bool:
        """Whether to copy a key."""
        return self.wanted is None or key.lower() in self.wanted


class Tables:
    """Tables by name in the file (`found`), and names that queries may use with the table of each (`shown`)."""

    def __init__(self) -> None:
        self.found: dict[str, Table] = {}
        self.shown: dict[str, str] = {}
        self.names: set[str] = set()
        """All tables, internal ones included."""

    def look(self, connection: sqlite3.Connection, query: Query) -> None:
        """Read the schema."""
        schema = Schema()
        schema.load(connection)
        objects = query(_OBJECTS)
        self.found, self.shown = {}, {}
        self.names = {name for kind, name, _ in objects if kind == "table"}
        for kind, name, sql in objects:
            is_events = schema.has(name)
            is_alias = is_events and kind == "view"  # `events` over the table `default` of 0.x files
            is_plain = kind in {"table", "view"} and not sql.upper().startswith("CREATE VIRTUAL")
            if is_plain and not is_alias and not _is_hidden(name):
                self._add(query, Table(name, {}, is_events))
                if is_events:
                    self.shown[schema.shown(name)] = name
        if assets.NAME in self.names:
            self.found[assets.NAME] = Table(assets.NAME, assets.COLUMNS)
            self.shown[assets.NAME] = assets.NAME

    def _add(self, query: Query, table: Table) -> None:
        try:
            described = query(f"PRAGMA db.table_info({quote(table.name)})")
        except sqlite3.Error:  # a view of a dropped table, which SQLite cannot query either
            return
        columns = {column: normal_type(declared) for _, column, declared, _, _, _ in described}
        defaults = frozenset(column for _, column, _, _, default, _ in described if default is not None)
        self.found[table.name] = replace(table, columns=columns, defaults=defaults)
        self.shown[table.name] = table.name


def _is_hidden(name: str) -> bool:
    """Whether a table is internal. The record of runs is not."""
    lower = name.lower()
    return lower in _HIDDEN or (lower.startswith("xetrack_") and lower != "xetrack_runs")
