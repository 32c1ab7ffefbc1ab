"""Back up a consistent snapshot of a database while others write to it.

SQLite's online backup restarts whenever another connection commits, so beside a busy writer it would never end. Inside
a read transaction it sees one snapshot: in WAL mode writers continue, and it does not restart. (`VACUUM INTO` has a
snapshot too, but takes longer, reports no progress and cannot be interrupted.)
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

from xetrack._sqlite.connection import Database
from xetrack._sqlite.errors import check_path, is_busy, translate
from xetrack._util.interrupts import block
from xetrack._util.paths import MEMORY, is_same_file
from xetrack.errors import DatabaseError, DatabaseReadOnlyError, XetrackError

__all__ = ["Progress", "backup"]

Progress: TypeAlias = Callable[[int, int], None]

_STEP = 1000  # pages; progress is reported and Ctrl-C handled between two steps
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def backup(database: Database, path: str, *, overwrite: bool = False, progress: Progress | None = None) -> None:
    """Write everything committed in the database to the file `path`. See `Reader.backup`."""
    if is_same_file(database.path, path):
        raise XetrackError(f"{path} is the database itself. Give another path for its backup.")
    _check_free(path, overwrite=overwrite)
    part = Path(f"{Path(path).parent}/.{Path(path).name}.{os.urandom(4).hex()}.part")
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        with _reading(database) as connection:
            _write(connection, part, progress)
        _check_free(path, overwrite=overwrite)  # others may have created it meanwhile
        part.replace(path)
    except sqlite3.Error as error:
        raise translate(error, f"{path}, a backup of {database.path}") from error
    except OSError as error:
        if isinstance(error, DatabaseError):
            raise
        raise DatabaseReadOnlyError(f"{path} cannot be created ({error}). Choose another path.") from error
    finally:
        part.unlink(missing_ok=True)


@block
def _reading(database: Database) -> Iterator[sqlite3.Connection]:
    """Yield a connection that sees one snapshot of the database.

    For a file it is a separate connection, so that the tracker can log meanwhile. Its lock delays forks.
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
            connection.execute("SELECT 1 FROM db.sqlite_master").fetchone()  # takes the snapshot
        except sqlite3.Error as error:
            raise translate(error, database.path) from error
        yield connection


def _write(connection: sqlite3.Connection, part: Path, progress: Progress | None) -> None:
    def report(status: int, left: int, total: int) -> None:
        if status in _BUSY:  # in memory everybody shares one connection, and sqlite3 would retry forever
            raise DatabaseError("the database in memory has an open transaction. Commit it before the backup.")
        if progress is not None:
            progress(total - left, total)

    with closing(sqlite3.connect(part)) as file:
        file.execute("PRAGMA journal_mode = OFF")  # a failed backup is deleted
        connection.backup(file, pages=_STEP, name="db", progress=report)


def _check_free(path: str, *, overwrite: bool) -> None:
    """Raise unless a backup may use this path."""
    check_path(path, read_only=False)
    if not Path(path).exists():
        return
    if not overwrite:
        raise DatabaseError(f"{path} is there already. Choose another path, or replace it with overwrite=True.")
    try:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as file:
            # works only if nobody else has the file open, and leaves no log for the new file to inherit
            file.execute("PRAGMA journal_mode = DELETE")
            file.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        if is_busy(error):
            message = (
                f"{path} is in use and was not replaced: programs that have it open would go on with the old file."
            )
            raise DatabaseError(f"{message} Close them, or choose another path.") from error
        raise translate(error, path) from error
