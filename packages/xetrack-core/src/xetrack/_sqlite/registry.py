"""The open databases of this process: told of forks, and of those that begin anew at the path of a removed one.

Their class is in `connection`, which imports this module.
"""

from functools import lru_cache
from typing import Any

from xetrack._util.forksafe import HeldAtFork

__all__ = ["add", "leave_removed"]


def add(database: Any) -> None:
    """Tell `database` of both, as long as anybody holds it."""
    _databases().add(database)


def leave_removed(path: str) -> None:
    """Have those whose file was removed or replaced give up the log that they left at its path."""
    for database in _databases().alive():
        if database.path == path:
            database.leave()


@lru_cache(maxsize=1)
def _databases() -> "HeldAtFork[Any]":
    return HeldAtFork()
