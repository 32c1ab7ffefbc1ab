"""Where the copies are: in memory, or in a file that the next process finds again."""

import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from xetrack.errors import NotADatabaseError, XetrackWarning
from xetrack_duckdb.copier import ROWID, STORAGE, Copied

if TYPE_CHECKING:
    import duckdb

__all__ = ["Storage"]

_STATE = f"{STORAGE}.main.xetrack_state"
_FORMAT = "1"


_in_use: set[Path] = set()
_reserving = threading.RLock()


class Storage:
    """The database of the copies, attached through `cursor`.

    One process at a time can have the file. Where it cannot be used the copies are in memory, with a warning.
    """

    def __init__(self, cursor: "duckdb.DuckDBPyConnection", path: Path | None, level: int) -> None:
        self._cursor = cursor
        self._kept = path if path is not None and self._attach(path, level) else None
        if self._kept is None:
            cursor.execute(f"ATTACH ':memory:' AS {STORAGE}")

    def _attach(self, path: Path, level: int) -> bool:
        import duckdb

        literal = "'" + str(path).replace("'", "''") + "'"
        try:
            _reserve(path)
        except OSError as error:
            _warn(path, error, level)
            return False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._cursor.execute(f"ATTACH {literal} AS {STORAGE}")
        except (duckdb.Error, OSError) as error:
            _in_use.discard(path)
            _warn(path, error, level)
            return False
        tables = self._tables()
        if tables and "xetrack_state" not in tables:
            self._cursor.execute(f"DETACH {STORAGE}")
            _in_use.discard(path)
            message = f"duckdb_cache={str(path)!r} is a database of somebody else's. Choose another path."
            raise NotADatabaseError(message)
        return True

    def _tables(self) -> set[str]:
        found = self._cursor.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = ?", [STORAGE])
        return {name for (name,) in found.fetchall()}

    @property
    def is_kept(self) -> bool:
        """Whether it is in a file, which one mirror at a time can have."""
        return self._kept is not None

    def close(self) -> None:
        """Let go of the database."""
        self._cursor.execute(f"DETACH {STORAGE}")
        if self._kept is not None:
            _in_use.discard(self._kept)

    def load(self) -> dict[str, Copied]:
        """The copies that are there already, as far as they can be used; the rest of the file is removed."""
        if self._kept is None:
            return {}
        self._cursor.execute(f"CREATE TABLE IF NOT EXISTS {_STATE} (name VARCHAR, format VARCHAR, state VARCHAR)")
        found = self._cursor.execute(f"SELECT name, state FROM {_STATE} WHERE format = ?", [_FORMAT]).fetchall()
        copies = {name: Copied.loaded(state) for name, state in found}
        usable = {name: copied for name, copied in copies.items() if self._is_whole(copied)}
        for table in self._tables() - {copied.storage for copied in usable.values()} - {"xetrack_state"}:
            self._cursor.execute(f"DROP TABLE {STORAGE}.main.{table}")
        return usable

    def _is_whole(self, copied: Copied) -> bool:
        """Whether the table has the columns that were noted, in that order: they are changed before the note is."""
        found = "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = ? AND table_name = ?"
        there = self._cursor.execute(f"{found} ORDER BY column_index", [STORAGE, copied.storage]).fetchall()
        return there == [(ROWID, "BIGINT"), *((column.name, column.kind) for column in copied.columns.values())]

    def save(self, name: str, copied: Copied | None) -> None:
        """Note what a copy holds, or that it is gone, in the transaction that changes it."""
        if self._kept is not None:
            self._cursor.execute(f"DELETE FROM {_STATE} WHERE name = ?", [name])
            if copied is not None:
                self._cursor.execute(f"INSERT INTO {_STATE} VALUES (?, ?, ?)", [name, _FORMAT, copied.dumped()])


def _reserve(path: Path) -> None:
    """Raise `OSError` if this process uses the file already: the locks of DuckDB 1.2 are between processes only."""
    with _reserving:
        if path in _in_use:
            raise OSError("another tracker or reader of this process uses it")
        _in_use.add(path)


def _warn(path: Path, error: Exception, level: int) -> None:
    message = (
        f"duckdb_cache={str(path)!r} cannot be used, so the data is loaded into memory. Only one tracker or reader can"
        f" use it at a time; if none does, delete the file and it is made anew. ({str(error).partition(chr(10))[0]})"
    )
    warnings.warn(message, XetrackWarning, stacklevel=level)
