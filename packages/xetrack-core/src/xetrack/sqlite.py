"""What plugins that work on the SQLite file may use.

Only Python's `sqlite3` may open the file: a second copy of the SQLite library in one process loses committed rows. So
open it through `Database`, or use the connection of the engine.
"""

from xetrack._sqlite.connection import Database
from xetrack._sqlite.engine import SqliteEngine, SqliteOptions
from xetrack._sqlite.errors import FAILURES, translate
from xetrack._sqlite.fetch import run_aside
from xetrack._sqlite.schema import Schema
from xetrack._sqlite.triggers import COUNTERS, WHOLE_TABLE, counting
from xetrack._sqlite.user_connection import UsersConnection
from xetrack._util.paths import MEMORY

__all__ = [
    "COUNTERS",
    "FAILURES",
    "MEMORY",
    "WHOLE_TABLE",
    "Database",
    "Schema",
    "SqliteEngine",
    "SqliteOptions",
    "UsersConnection",
    "counting",
    "run_aside",
    "translate",
]
