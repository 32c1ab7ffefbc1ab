"""Whether the files of an open database are still at their paths: what is written to a removed file nobody finds.

POSIX lets a file be removed, moved or replaced while it is open, and SQLite goes on with the one that it opened. On
Windows an open database can be none of that, so nothing is looked at there.

To ask for each row what is at the path costs a fifth of the row, more than `log()` may. To ask an open file whether it
has a name yet costs half of that. So that is asked each time where the system lets us (Linux), and tells at once of a
file that was removed or replaced; the paths are looked at when a millisecond has passed, which tells of one moved away.
"""

import os
import time
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from xetrack.errors import DatabaseRemovedError

__all__ = ["Found", "Place", "Places"]

_EVERY = 0.001  # seconds that a look at the paths holds
_WATCHED = os.name != "nt"


class Found(Enum):
    """What is at a path now."""

    SAME = "the file that was there"
    NOTHING = "nothing"
    ANOTHER = "another file"


class Place:
    """Remembers which file a path leads to: its device and inode, which nobody else gets while the file is open."""

    __slots__ = ("_file", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self._file = _file_at(path)

    def look(self) -> Found:
        """What is there now. As before, where nothing was there at first, or nobody may look."""
        if self._file is None or not _WATCHED:
            return Found.SAME
        try:
            now = _file_at(self.path)
        except OSError:  # such as a folder that may not be searched any more: no sign that the file is gone
            return Found.SAME
        if now == self._file:
            return Found.SAME
        return Found.NOTHING if now is None else Found.ANOTHER

    @property
    def is_held(self) -> bool:
        """Whether there was a file, and it is there still."""
        return self._file is not None and self.look() is Found.SAME


def _file_at(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - on the path of every log(), where Path costs as much again
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_ino, found.st_dev


def _handle_of(path: str) -> int | None:
    """What to ask for the names of a file, where there is such a thing.

    Unlike any other handle it can be closed: with another one the process would lose every lock that SQLite holds.
    """
    if not hasattr(os, "O_PATH"):
        return None
    try:
        return os.open(path, os.O_PATH)
    except OSError:  # too many files are open: then the path is looked at each time
        return None


class Places:
    """The file of one open database, its write-ahead log and the index of that."""

    def __init__(self, path: str, *, read_only: bool) -> None:
        self.file = Place(path)
        self._read_only = read_only
        self._beside: list[Place] = []
        self._due = 0.0
        self._told = False
        self._handle = _handle_of(path)

    def look_beside(self) -> None:
        """Remember the log and its index: they are other files each time that SQLite opens the database."""
        self._beside = [Place(f"{self.file.path}{suffix}") for suffix in ("-wal", "-shm")]
        self._due = time.monotonic() + _EVERY

    def forget_beside(self) -> None:
        """Expect no log any more, as the database is let go of."""
        self._beside = []

    def check(self) -> None:
        """Raise `DatabaseRemovedError` if the database was removed or replaced; if it was moved, a millisecond later.

        Likewise for what is beside it.
        """
        handle = self._handle
        if handle is not None and time.monotonic() < self._due and os.fstat(handle).st_nlink:
            return
        self.check_all()

    def check_all(self) -> None:
        """Raise `DatabaseRemovedError` if any of the files is gone."""
        for place in self._lost():
            raise self._error(place)
        self._due = time.monotonic() + _EVERY

    def _lost(self) -> Iterator[Place]:
        return (place for place in (self.file, *self._beside) if place.look() is not Found.SAME)

    @property
    def is_told(self) -> bool:
        """Whether a file is gone and somebody has had the error that says so."""
        return self._told and any(self._lost())

    @property
    def is_shared(self) -> bool:
        """Whether the log may be in use for another database, or the database through another log.

        To move such a log into a file, or to close it, would take from others what they wrote.
        """
        found = self.file.look()
        if found is Found.SAME:
            return any(place.look() is Found.ANOTHER for place in self._beside)
        return found is Found.ANOTHER and any(place.is_held for place in self._beside)

    def close(self) -> None:
        """Let go of the file."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def __del__(self) -> None:
        """Let go of a file that could not be opened as a database."""
        self.close()

    def leave(self) -> None:
        """Once the database is gone, take its log and index away from whatever database comes to be at its path."""
        if self.file.look() is not Found.SAME:
            for place in self._beside:
                if place.is_held:
                    Path(place.path).unlink(missing_ok=True)

    def _error(self, place: Place) -> DatabaseRemovedError:
        self._told = True
        done = "Nothing was read" if self._read_only else "Nothing of this call was stored"
        if place is not self.file:
            cure = "Close the tracker, which keeps the rows unless another process writes already, then make a new one"
            return DatabaseRemovedError(f"{place.path} was removed while it was in use. {done}. {cure}.")
        kind = "Reader" if self._read_only else "Tracker"
        if place.look() is Found.ANOTHER:
            what, cure = "was replaced by another file", f"Make a new {kind} to go on with that one"
        else:
            what, cure = "was removed or moved", f"Put it back, or make a new {kind}"
        return DatabaseRemovedError(f"{place.path} {what} since it was opened. {done}. {cure}.")


def clear_leftovers(path: str) -> None:
    """Remove what a removed database left beside a new one. Only for who holds the new one, still empty, locked.

    SQLite removes such a log, but takes the index for its own, together with those who still have the old file open.
    """
    if os.stat(path).st_size == 0:  # noqa: PTH116 - as above
        for suffix in ("-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
