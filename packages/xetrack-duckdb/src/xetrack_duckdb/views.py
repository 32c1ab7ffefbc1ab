"""The views that queries see as `db.<table>`. They hide the copies' rowids, and DuckDB refuses to write to a view."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xetrack.plugin import quote
from xetrack_duckdb.copier import ROWID

if TYPE_CHECKING:
    import duckdb

__all__ = ["View", "exchange"]


@dataclass(frozen=True, slots=True)
class View:
    """A view of a copy: its table, and the types of its columns by the names that queries use, in the table's order.

    A view is created again when a type changes, which DuckDB before 1.5 requires.
    """

    table: str
    columns: dict[str, str]

    def create(self, name: str) -> str:
        """Return the statement that creates the view. DuckDB binds a bare `*` faster than thousands of expressions."""
        columns = ", ".join(map(quote, self.columns))
        return f"CREATE OR REPLACE VIEW {name} ({columns}) AS SELECT * EXCLUDE ({ROWID}) FROM {self.table}"


def exchange(cursor: "duckdb.DuckDBPyConnection", old: Mapping[str, View], new: Mapping[str, View]) -> None:
    """Replace the old views by the new ones, in the transaction of the caller."""
    for name in old.keys() - new.keys():
        cursor.execute(f"DROP VIEW db.main.{quote(name)}")
    for name, view in new.items():
        if view != old.get(name):
            cursor.execute(view.create(f"db.main.{quote(name)}"))
