"""The DuckDB database `db` that holds the copies: in memory, or in a file that the next process finds again."""

import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from xetrack.errors import NotADatabaseError, XetrackWarning
from xetrack.plugin import quote
from xetrack_duckdb.copier import SCHEMA, STORAGE, Copied

if TYPE_CHECKING:
    import duckdb

__all__ = ["Storage"]

_STATE = f"{STORAGE}.state"

_in_use: set[Path] = set()
_reserving = threading.RLock()


class Storage:
    """Attaches `db` through `cursor`. `copies` are those that were found in its file.

    One process at a time can use the file. If it cannot be used, `db` is in memory, with a warning.
    """

    def __init__(self, cursor: "duckdb.DuckDBPyConnection", path: Path | None, level: int) -> None:
        import duckdb

        self._cursor = cursor
        self._kept: Path | None = None
        self.copies: dict[str, Copied] = {}
        if path is not None:
            try:
                self._open(path)
            except NotADatabaseError:
                raise
            except (duckdb.Error, OSError) as error:
                _warn(path, error, level)
        if self._kept is None:
            cursor.execute("ATTACH ':memory:' AS db")
            cursor.execute(f"CREATE SCHEMA {STORAGE}")

    def _open(self, path: Path) -> None:
        _reserve(path)
        literal = "'" + str(path).replace("'", "''") + "'"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._cursor.execute(f"ATTACH {literal} AS db")
            self._load(path)
        except BaseException:
            self._cursor.execute("DETACH DATABASE IF EXISTS db")
            _in_use.discard(path)
            raise
        self._kept = path

    def _load(self, path: Path) -> None:
        found = self._cursor.execute("SELECT schema_name FROM duckdb_tables() WHERE database_name = 'db'").fetchall()
        if found and (SCHEMA,) not in found:
            message = f"duckdb_cache={str(path)!r} is another program's DuckDB database. Choose another path."
            raise NotADatabaseError(message)
        # Views are created anew: a copy may have other columns by now.
        views = self._cursor.execute("SELECT view_name FROM duckdb_views() WHERE database_name = 'db' AND NOT internal")
        for (view,) in views.fetchall():
            self._cursor.execute(f"DROP VIEW db.main.{quote(view)}")
        self._cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {STORAGE}")
        self._cursor.execute(f"CREATE TABLE IF NOT EXISTS {_STATE} (name VARCHAR, state VARCHAR)")
        states = self._cursor.execute(f"SELECT name, state FROM {_STATE}").fetchall()
        self.copies = {name: Copied.loaded(state) for name, state in states}

    @property
    def is_kept(self) -> bool:
        """Whether it is in a file, which one mirror at a time can use."""
        return self._kept is not None

    def close(self) -> None:
        """Detach the database."""
        self._cursor.execute("DETACH db")
        if self._kept is not None:
            _in_use.discard(self._kept)

    def save(self, name: str, copied: Copied | None) -> None:
        """Record what a copy holds, or that it is gone, in the transaction that changes it."""
        if self._kept is not None:
            self._cursor.execute(f"DELETE FROM {_STATE} WHERE name = ?", [name])
            if copied is not None:
                self._cursor.execute(f"INSERT INTO {_STATE} VALUES (?, ?)", [name, copied.dumped()])


def _reserve(path: Path) -> None:
    """Raise `OSError` if this process uses the file already: DuckDB before 1.4 locks it between processes only."""
    with _reserving:
        if path in _in_use:
            raise OSError("another tracker or reader of this process uses it")
        _in_use.add(path)


def _warn(path: Path, error: Exception, level: int) -> None:
    reason = str(error).partition("\n")[0]
    message = (
        f"duckdb_cache={str(path)!r} cannot be used, so the data is loaded into memory. Only one tracker or reader can"
        f" use it at a time. If none does, delete the file; it is created again. ({reason})"
    )
    warnings.warn(message, XetrackWarning, stacklevel=level)
