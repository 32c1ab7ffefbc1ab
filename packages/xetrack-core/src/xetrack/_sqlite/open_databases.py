"""The open databases of this process, to reach them all before a fork and when their file is replaced.

`connection` imports this module and defines their class.
"""

from functools import lru_cache
from typing import Any

from xetrack._util.forksafe import HeldAtFork

__all__ = ["abandon_removed", "add"]


def add(database: Any) -> None:
    """Register `database` for as long as it lives."""
    _databases().add(database)


def abandon_removed(path: str) -> None:
    """Have open databases whose file at `path` was removed or replaced abandon their log there."""
    for database in _databases().alive():
        if database.path == path:
            database.abandon_log()


@lru_cache(maxsize=1)
def _databases() -> "HeldAtFork[Any]":
    return HeldAtFork()
