"""Which columns of wide tables are copied.

DuckDB needs about 0.1 ms and 30 KB per column, however few rows there are. So the copy of a wide table starts with the
columns that a query names, and grows when later queries name others. Any statement that may read columns without naming
them, such as `SELECT *`, has all columns copied.
"""

import json
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xetrack_duckdb import names
from xetrack_duckdb.copier import Copied
from xetrack_duckdb.tables import Table

if TYPE_CHECKING:
    import duckdb

__all__ = ["Projection"]

_WIDE = 200  # columns, up to which a table is copied whole
_MOST_GROWTHS = 8  # each copies the table from scratch, with more columns; then all of them
_MOST_PARSED = 100  # queries to remember

_ALWAYS = frozenset({"track_id", "timestamp"})  # by which changed runs are found

# What a query may consist of, in the tree that `json_serialize_sql` returns. The rest may read columns out of sight:
# STAR, POSITIONAL_REFERENCE, TABLE_FUNCTION, SHOW_REF, PIVOT and whatever DuckDB adds.
_EXPRESSIONS = frozenset({
    "BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "LAMBDA",
    "OPERATOR", "PARAMETER", "SUBQUERY", "TYPE", "WINDOW",
})  # fmt: skip
_RELATIONS = frozenset({"BASE_TABLE", "EMPTY", "JOIN", "SUBQUERY"})
_NODES = _RELATIONS | {
    "SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE", "DISTINCT_MODIFIER", "LIMIT_MODIFIER",
    "LIMIT_PERCENT_MODIFIER", "ORDER_MODIFIER", "ASCENDING", "DESCENDING", "ORDER_DEFAULT",
}  # fmt: skip
_JOINS = frozenset({"REGULAR", "CROSS", "ASOF"})  # not NATURAL
_CATALOG = re.compile(r"information_schema|(?:pg|duckdb|sqlite|pragma)_.*", re.IGNORECASE)


class Projection:
    """Decides which columns to copy, from the text of the queries. `cursor` parses them."""

    def __init__(self, cursor: "duckdb.DuckDBPyConnection") -> None:
        self._cursor = cursor
        self._all = False
        self._parsed: dict[str, frozenset[str] | None] = {}
        self._grown: Counter[str] = Counter()
        self._whole: set[str] = set()

    def take_all(self, text: str | None = None) -> None:
        """Copy all columns for the query `text`, or for everything from now on."""
        if text is None:
            self._all = True
        else:
            self._parsed[text] = None

    def words(self, text: str) -> frozenset[str] | None:
        """Return all names in a query, in lower case, or None if it may read columns that it does not name."""
        if self._all:
            return None
        if names.is_setting(text):
            return frozenset()
        if text not in self._parsed:
            if len(self._parsed) >= _MOST_PARSED:
                self._parsed.clear()
            self._parsed[text] = self._parse(text)
        return self._parsed[text]

    def _parse(self, text: str) -> frozenset[str] | None:
        try:
            ((serialized,),) = self._cursor.execute("SELECT json_serialize_sql(?)", [text]).fetchall()
            tree = json.loads(serialized)
            return None if tree["error"] or len(tree["statements"]) != 1 else _words(tree["statements"])
        except Exception:
            # DuckDB says what is wrong when it runs the query.
            return None

    def narrowed(self, table: Table, text: str, old: Copied | None) -> Table:
        """Return the table with the columns to copy for a query: those copied before, and those that it names."""
        if len(table.columns) <= _WIDE or not table.is_events or table.name in self._whole:
            return table
        begun = None if old is None or old.is_shell else old
        words = self.words(text)
        if words is not None and begun is not None and begun.lacks(words):
            self._grown[table.name] += 1
        if words is None or self._grown[table.name] > _MOST_GROWTHS or (begun and begun.left_out is None):
            self._whole.add(table.name)
            return table
        held = () if begun is None else begun.columns
        return replace(table, wanted=words.union(_ALWAYS, (key.lower() for key in held)))


def _words(tree: Any) -> frozenset[str] | None:
    """Return all texts in a tree, or None if a part of it may read columns without naming them."""
    words: set[str] = set()
    relations: set[str] = set()
    columns: set[str] = set()
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, str):
            words.add(node.lower())
        elif isinstance(node, list):
            pending += node
        elif isinstance(node, dict):
            if not _is_plain(node):
                return None
            pending += node.values()
            if "column_names" in node:
                columns.add(node["column_names"][-1].lower())
            elif "class" not in node and str(node.get("type")) in _RELATIONS:
                relations |= {node.get(name, "").lower() for name in ("alias", "table_name")}
    # The name of a table is also that of a struct of all its columns: SELECT events FROM db.events.
    return None if columns & relations else frozenset(words)


def _is_plain(node: dict[str, Any]) -> bool:
    """Whether a node reads no columns but those that it names."""
    kind = node.get("type")
    if "class" in node:
        return node["class"] in _EXPRESSIONS
    if isinstance(kind, str) and kind not in _NODES:
        return False
    if kind == "JOIN" and node["ref_type"] not in _JOINS:
        return False
    if kind == "BASE_TABLE" and any(_CATALOG.fullmatch(node[name]) for name in ("schema_name", "table_name")):
        return False
    return not node.get("column_name_alias")  # FROM db.events AS e(a, b) names columns by position
