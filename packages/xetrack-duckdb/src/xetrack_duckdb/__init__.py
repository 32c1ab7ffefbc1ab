"""DuckDB as xetrack's query engine: `Tracker(db, engine="duckdb")`.

Rows are written to SQLite by the core's engine. `tracker.conn` is a DuckDB connection. Its
database `db` is a columnar copy that is brought up to date before each query.
"""

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xetrack import Provider, hookimpl
from xetrack.plugin import Context, local_path, refused, text, writable_folder
from xetrack.sqlite import SqliteOptions

if TYPE_CHECKING:
    from xetrack_duckdb.engine import DuckdbEngine

__all__ = ["DuckdbOptions", "xetrack_engines"]

xetrack_api = 1


@dataclass(frozen=True, slots=True)
class DuckdbOptions(SqliteOptions):
    """Options of trackers and readers with `engine="duckdb"`, besides SQLite's `timeout`.

    Attributes:
        duckdb_cache: file to keep the copy in for the next process: a path, or True for the database's path with
            `.duckdb` added. By default the copy is in memory.
        memory_limit: memory that DuckDB may use, such as "2GB"; the rest goes to temporary files. Default: 80% of the
            machine's.
        temp_directory: folder for these files. Default: the system's.
    """

    duckdb_cache: bool | str | os.PathLike[str] | None = None
    memory_limit: str | None = None
    temp_directory: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        """Raise `ValueError` or `TypeError` for invalid options."""
        SqliteOptions.__post_init__(self)  # super() does not work in a dataclass with slots
        chosen = self.duckdb_cache
        if isinstance(chosen, str) and chosen.lower() in {"true", "false"}:
            raise ValueError(
                f"duckdb_cache={chosen!r} is a string. Use True, False, or ./{chosen} for a file of that name"
            )
        if not isinstance(chosen, (bool, str, os.PathLike, type(None))):
            raise TypeError(f"duckdb_cache= must be a path, True or False, not {chosen!r}")
        if isinstance(chosen, (str, os.PathLike)):
            local_path("duckdb_cache", chosen)
        if self.memory_limit is not None:
            _check_memory(self.memory_limit)
        if self.temp_directory is not None:
            writable_folder("temp_directory", self.temp_directory)


def _check_memory(limit: object) -> None:
    """Raise `OptionError` for an invalid amount of memory, which DuckDB would notice only at the first query."""
    if not re.fullmatch(r"\d+(\.\d+)?\s*[a-z%]+|-1|none", text("memory_limit", limit).strip().lower()):
        raise refused("memory_limit", limit, 'not an amount of memory with its unit, such as "2GB" or "50%".')


def _open(options: DuckdbOptions, context: Context) -> "DuckdbEngine":
    from xetrack_duckdb.engine import DuckdbEngine

    return DuckdbEngine(context.db, options, read_only=context.read_only)


@hookimpl
def xetrack_engines() -> list[Provider["DuckdbEngine"]]:
    """The engine named "duckdb"."""
    return [Provider("duckdb", _open, DuckdbOptions, schemes=(), errors=("duckdb.Error",))]
