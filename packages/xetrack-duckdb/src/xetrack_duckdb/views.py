"""The database `db` that queries see: views of the copies, in a file of their own that is attached read-only.

So DuckDB itself refuses whatever would write to `db`, by SQL or by any of its interfaces.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from xetrack.plugin import quote

if TYPE_CHECKING:
    import duckdb

__all__ = ["Views"]

_BUILT = "xetrack_built"


class Views:
    """Exchanges the views as a whole: a file that is attached read-only never changes."""

    def __init__(self, cursor: "duckdb.DuckDBPyConnection", folder: Path) -> None:
        self._cursor = cursor
        self._folder = folder
        self._number = 0
        self.shown: dict[str, str] | None = None

    def show(self, definitions: Mapping[str, str]) -> None:
        """Have `db` consist of these views: a name and a query each."""
        old, new = self._path(self._number), self._path(self._number + 1)
        self._cursor.execute(f"ATTACH {_literal(new)} AS {_BUILT}")
        for name, query in definitions.items():
            self._cursor.execute(f"CREATE VIEW {_BUILT}.main.{quote(name)} AS {query}")
        self._cursor.execute(f"DETACH {_BUILT}")
        self._cursor.execute("DETACH DATABASE IF EXISTS db")
        self._cursor.execute(f"ATTACH {_literal(new)} AS db (READ_ONLY)")
        with suppress(PermissionError):  # Windows, while a query reads it: it goes with the folder
            old.unlink(missing_ok=True)
        self._number += 1
        self.shown = dict(definitions)

    def _path(self, number: int) -> Path:
        return self._folder / f"views{number}.duckdb"


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
