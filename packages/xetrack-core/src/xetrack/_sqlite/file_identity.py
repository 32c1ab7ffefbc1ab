"""Whether the files of an open database are still at their paths: what is written to a removed file nobody finds.

POSIX lets a file be removed, moved or replaced while it is open, and SQLite goes on with the one that it opened. On
Windows an open database can be none of that, so nothing is looked at there.

To look for each row costs a fifth of the row, more than `log()` may. So a look holds for ten milliseconds: who logs now
and then is told at once, and a tight loop within those.
"""

import os
import time
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from xetrack.errors import DatabaseRemovedError

__all__ = ["Found", "Place", "Places"]

_EVERY = 0.01  # seconds that a look at the paths holds
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


class Places:
    """The file of one open database, its write-ahead log and the index of that."""

    def __init__(self, path: str, *, read_only: bool) -> None:
        self.file = Place(path)
        self._read_only = read_only
        self._beside: list[Place] = []
        self.due = 0.0  # when to look again, in seconds of `time.monotonic`
        self._told = False

    def look_beside(self) -> None:
        """Remember the log and its index: they are other files each time that SQLite opens the database."""
        self._beside = [Place(f"{self.file.path}{suffix}") for suffix in ("-wal", "-shm")]
        self.due = time.monotonic() + _EVERY

    def forget_beside(self) -> None:
        """Expect no log any more, as the database is let go of."""
        self._beside = []

    def check(self) -> None:
        """Raise `DatabaseRemovedError` if a file is gone, unless the last look is less than ten milliseconds old."""
        if time.monotonic() >= self.due:
            self.check_all()

    def check_all(self) -> None:
        """Raise `DatabaseRemovedError` if any of the files is gone."""
        for place in self._lost():
            raise self._error(place)
        self.due = time.monotonic() + _EVERY

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
