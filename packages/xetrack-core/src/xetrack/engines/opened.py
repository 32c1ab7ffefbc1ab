"""The open databases of this process: told of forks, and of those that begin anew at the path of a removed one."""

from functools import lru_cache
from typing import TYPE_CHECKING

from xetrack.locks import HeldAtFork

if TYPE_CHECKING:
    from xetrack.engines.database import Database

__all__ = ["add", "leave_removed"]


def add(database: "Database") -> None:
    """Tell `database` of both, as long as anybody holds it."""
    _databases().add(database)


def leave_removed(path: str) -> None:
    """Have those whose file was removed or replaced give up the log that they left at its path."""
    for database in _databases().alive():
        if database.path == path:
            database.leave()


@lru_cache(maxsize=1)
def _databases() -> "HeldAtFork[Database]":
    return HeldAtFork()
