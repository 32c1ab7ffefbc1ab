"""The interface for plugins that work on the SQLite file.

Open the file through `Database`, or use the engine's connection. Only Python's `sqlite3` may open it: a second copy of
the SQLite library in one process loses committed rows.
"""

from xetrack._sqlite.changes import Watermark, changed_runs, newest_watermark
from xetrack._sqlite.connection import Database
from xetrack._sqlite.engine import SqliteEngine, SqliteOptions
from xetrack._sqlite.errors import FAILURES, translate
from xetrack._sqlite.fetch import run_aside
from xetrack._sqlite.schema import Schema
from xetrack._sqlite.user_connection import UsersConnection
from xetrack._util.paths import MEMORY

__all__ = [
    "FAILURES",
    "MEMORY",
    "Database",
    "Schema",
    "SqliteEngine",
    "SqliteOptions",
    "UsersConnection",
    "Watermark",
    "changed_runs",
    "newest_watermark",
    "run_aside",
    "translate",
]
