"""Check that the files of an open database are still at their paths. Nobody finds rows written to a removed file.

On POSIX, a file can be removed, moved or replaced while it is open, and SQLite keeps writing to the one it opened. On
Windows an open file stays where it is, so nothing is checked there.

A check costs three `stat` calls, a fifth of a `log()`. So each one holds for ten milliseconds: an occasional `log()`
notices at once, a tight loop within that time.
"""

import os
import time
from pathlib import Path

from xetrack.errors import DatabaseRemovedError

__all__ = ["FileIdentity", "remove_leftovers"]

_EVERY = 0.01  # seconds
_WATCHED = os.name != "nt"
_LOG_SUFFIXES = ("-wal", "-shm")


class FileIdentity:
    """The inodes of one open database, its write-ahead log and the log's index. The system reuses none while open."""

    def __init__(self, path: str, *, read_only: bool) -> None:
        self._path = path
        self._read_only = read_only
        self._inodes: dict[str, tuple[int, int]] = {}
        self.due = 0.0
        """When to check again, by `time.monotonic`."""
        self.is_lost = False
        """Whether the last check failed."""
        self._remember(path)

    def remember_log(self) -> None:
        """Remember the log and its index, which SQLite creates anew each time it opens the database."""
        for suffix in _LOG_SUFFIXES:
            self._remember(self._path + suffix)

    def _remember(self, path: str) -> None:
        if _WATCHED and (inode := _inode(path)) is not None:
            self._inodes[path] = inode

    def forget_log(self) -> None:
        """Forget the log, which SQLite removes with the last connection."""
        for suffix in _LOG_SUFFIXES:
            self._inodes.pop(self._path + suffix, None)

    def check(self) -> None:
        """Raise `DatabaseRemovedError` if a path leads to another file now, or to none."""
        for path, inode in self._inodes.items():
            now = _inode(path, inode)
            self.is_lost = now != inode
            if self.is_lost:
                raise self._error(path, replaced=now is not None)
        self.due = time.monotonic() + _EVERY

    @property
    def is_shared(self) -> bool:
        """Whether another database uses this one's log, or this database has another log as well.

        Checkpointing or closing the log would then destroy what others wrote.
        """
        now = {path: _inode(path, inode) for path, inode in self._inodes.items()}
        others = set(now.values()) - set(self._inodes.values()) - {None}
        return bool(others) and any(now[path] == inode for path, inode in self._inodes.items())

    def abandon_log(self) -> None:
        """Remove the log of a removed database, so that the next database at this path starts without one."""
        if self._path in self._inodes and _inode(self._path) != self._inodes[self._path]:
            for path, inode in self._inodes.items():
                if path != self._path and _inode(path) == inode:
                    Path(path).unlink(missing_ok=True)

    def _error(self, path: str, *, replaced: bool) -> DatabaseRemovedError:
        done = "Nothing was read" if self._read_only else "Nothing of this call was stored"
        kind = "Reader" if self._read_only else "Tracker"
        if path != self._path:
            what = "was removed while in use"
            fix = "Close the tracker, which keeps the rows unless another process writes already, then make a new one"
        elif replaced:
            what, fix = "was replaced by another file since it was opened", f"Make a new {kind} to use that one"
        else:
            what, fix = "was removed or moved since it was opened", f"Put it back, or make a new {kind}"
        return DatabaseRemovedError(f"{path} {what}. {done}. {fix}.")


def _inode(path: str, unknown: tuple[int, int] | None = None) -> tuple[int, int] | None:
    """The file at `path`: None if there is none, `unknown` if the system does not say (permissions, network)."""
    try:
        found = os.stat(path)  # noqa: PTH116 - on the path of every log(), where Path costs as much again
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return unknown
    return found.st_ino, found.st_dev


def remove_leftovers(path: str) -> None:
    """Remove the log of a removed database beside a new one. Requires an exclusive lock on the new, empty file.

    SQLite removes such a log by itself, but not its index: it would share that with whoever still has the old file.
    """
    if not Path(path).stat().st_size:
        for suffix in _LOG_SUFFIXES:
            Path(path + suffix).unlink(missing_ok=True)
