"""A whole database in a file of its own, as of one moment, also while others write to it.

SQLite's online backup begins anew whenever another connection commits, so beside a busy writer it never ended. Within a
transaction that reads it has its moment: in a file in WAL mode, writers go on all the while, and it need not begin
again. (`VACUUM INTO` has its moment too, but took longer, tells no progress, and cannot be interrupted.)
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

from xetrack._spec.engine import Engine
from xetrack._sqlite.connection import Database
from xetrack._sqlite.errors import check_path, is_busy, translate
from xetrack._util.arguments import callback, flag
from xetrack._util.interrupts import block
from xetrack._util.paths import MEMORY, is_same_file, resolve
from xetrack.errors import DatabaseError, DatabaseReadOnlyError, OptionError, XetrackError

__all__ = ["Progress", "backup"]

Progress: TypeAlias = Callable[[int, int], None]

_STEP = 1000  # pages; between two steps Ctrl-C is heard, and progress is told
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def backup(
    engine: Engine, target: str | os.PathLike[str], *, overwrite: bool = False, progress: Progress | None = None
) -> None:
    """Write all that is committed in the file of `engine` into the file `target`. See `Reader.backup`."""
    overwrite = flag("overwrite", overwrite, strict=True)
    database = getattr(engine, "database", None)
    if not isinstance(database, Database):
        message = "backups are of SQLite databases, and this engine keeps its rows elsewhere. Use xetrack.copy()."
        raise OptionError(message)
    path, progress = resolve(target, "path"), callback("progress", progress)
    if not Path(path).is_absolute():
        raise OptionError(f"a backup is a file, and {path} is none. Give the path of a file, such as backup.db.")
    if is_same_file(database.path, path):
        raise XetrackError(f"{path} is the database itself. Give another path for its backup.")
    _check_free(path, overwrite=overwrite)
    part = Path(f"{Path(path).parent}/.{Path(path).name}.{os.urandom(4).hex()}.part")
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        with _reading(database) as connection:
            _write(connection, part, progress)
        _check_free(path, overwrite=overwrite)  # it took a while
        part.replace(path)
    except sqlite3.Error as error:
        raise translate(error, f"{path}, a backup of {database.path}") from error
    except OSError as error:
        if isinstance(error, DatabaseError):
            raise
        raise DatabaseReadOnlyError(f"{path} cannot be made ({error}). Choose another path.") from error
    finally:
        part.unlink(missing_ok=True)


@block
def _reading(database: Database) -> Iterator[sqlite3.Connection]:
    """A connection that sees one moment of the database.

    To a file it is one of its own, so that the tracker goes on logging; its lock keeps forks waiting until the end.
    """
    if database.path == MEMORY:
        with database.lock:
            yield database.connection()
        return
    own = Database(database.path, read_only=True, timeout=database.timeout, setup=lambda _, __: None)
    with closing(own), own.lock:
        connection = own.connection()
        try:
            connection.execute("BEGIN")
            connection.execute("SELECT 1 FROM db.sqlite_master").fetchone()  # the moment
        except sqlite3.Error as error:
            raise translate(error, database.path) from error
        yield connection


def _write(connection: sqlite3.Connection, part: Path, progress: Progress | None) -> None:
    def told(status: int, left: int, total: int) -> None:
        if status in _BUSY:  # in memory there is one connection for all; sqlite3 would try for ever
            raise DatabaseError("the database in memory has a transaction open. Commit it, then back it up.")
        if progress is not None:
            progress(total - left, total)

    with closing(sqlite3.connect(part)) as file:
        file.execute("PRAGMA journal_mode = OFF")  # if anything fails, the whole file goes
        connection.backup(file, pages=_STEP, name="db", progress=told)


def _check_free(path: str, *, overwrite: bool) -> None:
    """Raise unless a backup may have this name."""
    check_path(path, read_only=False)
    if not Path(path).exists():
        return
    if not overwrite:
        raise DatabaseError(f"{path} is there already. Choose another path, or replace it with overwrite=True.")
    try:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as file:
            # SQLite does this only where nobody else has the file open; it leaves no log for the new file to inherit
            file.execute("PRAGMA journal_mode = DELETE")
            file.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        if is_busy(error):
            message = f"{path} is in use, and not replaced: whoever has it open would go on writing to the old file."
            raise DatabaseError(f"{message} Close it there, or choose another path.") from error
        raise translate(error, path) from error
