"""A file of lines that many processes append to.

Each line is one `write` to a file opened for appending, so lines of different processes do not mix, and no lock is held
that a stopped process could keep others waiting with. What can still go wrong is looked for after the write:

- The line before ours may be half a line, of a process that was killed. Then ours was glued to it: it is written again.
- The disk may be full, and only a part of the line fitted. Then that part becomes blanks, and the write an error.
- The file may have been removed. The lines of the last moment went nowhere then, and are written again to a new file.
"""

import errno
import os
import stat
import time
import warnings
from pathlib import Path

from xetrack.errors import OptionError, XetrackWarning
from xetrack.plugin import new_lock

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["LineFile", "parts"]

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_LOOK_AGAIN = 0.05  # seconds until it is noticed that the file was removed or renamed; asking costs more than a write


class LineFile:
    """Appends lines to the file at `path`; the file and its folders are made with the first line.

    May be shared by threads and used after a fork. With `max_bytes`, a file that has grown longer is renamed to
    `path.1`, `path.2` and so on, the highest number being the newest, and a new one is begun. Nothing is ever deleted.
    """

    def __init__(self, path: str | os.PathLike[str], max_bytes: int | None = None) -> None:
        if max_bytes is not None and fcntl is None:
            raise OptionError("rotation by size needs file locks, which this system does not have.")
        self.path = Path(path).expanduser().absolute()
        self._max_bytes = max_bytes
        self._lock = new_lock()
        self._fd = -1
        self._pid = 0  # of the process that opened the file; 0 while it is not open
        self._regular = True
        self._end = 0  # of the last line that is known to be whole
        self._torn = False
        self._look_at = 0.0
        self._recent: list[bytes] = []  # lines since the file was last seen in its place
        self._again = b""  # lines that went to a removed file

    def write(self, line: bytes) -> None:
        """Append `line`, which ends with a newline and holds no other. Raises `OSError`; then nothing of it is left."""
        with self._lock:
            if time.monotonic() > self._look_at or self._pid != os.getpid():
                self._look()
            self._put(line)
            self._recent.append(line)
            if self._max_bytes is not None and self._end > self._max_bytes:
                self._rotate()

    def flush(self) -> None:
        """See to it that the lines are in the file at the path, if it was removed just now. Raises `OSError`."""
        with self._lock:
            if self._pid == os.getpid():
                self._look()

    def close(self) -> None:
        """Flush, and let go of the file; the next line opens it again."""
        with self._lock:
            try:
                self.flush()
            finally:
                self._let_go()

    def _let_go(self) -> None:
        if self._pid:
            os.close(self._fd)  # in a forked child, its copy
        self._pid = 0

    def _put(self, line: bytes) -> None:
        if self._torn:
            line = b"\n" + line
        written = os.write(self._fd, line)
        if not self._regular:
            self._push(line[written:])
            return
        end = os.lseek(self._fd, 0, os.SEEK_CUR)
        if end != self._end + written or written < len(line):
            end = self._settle(line, written, end)
        self._end = end
        self._torn = False

    def _settle(self, line: bytes, written: int, end: int) -> int:
        """See to it that a line that was appended between those of others stands alone; return where it ends."""
        start = end - written
        if written < len(line):
            self._blank(start, written)
            raise OSError(errno.ENOSPC, "only a part of the line fitted", str(self.path))
        if start == 0 or self._torn or self._byte(start - 1) == b"\n":
            return end
        written = os.write(self._fd, line)
        return self._settle(line, written, os.lseek(self._fd, 0, os.SEEK_CUR))

    def _push(self, rest: bytes) -> None:
        """Write the rest of a line to a pipe or terminal."""
        while rest:
            rest = rest[os.write(self._fd, rest) :]

    def _byte(self, place: int) -> bytes:
        os.lseek(self._fd, place, os.SEEK_SET)  # appending does not mind
        return os.read(self._fd, 1)

    def _blank(self, start: int, size: int) -> None:
        # not cut off: between our write and the cut, another process may have appended its line
        fd = os.open(self.path, os.O_WRONLY | getattr(os, "O_BINARY", 0))
        try:
            if os.path.samestat(os.fstat(fd), os.fstat(self._fd)):
                os.lseek(fd, start, os.SEEK_SET)
                os.write(fd, b" " * (size - 1) + b"\n")
        finally:
            os.close(fd)

    def _look(self) -> None:
        """Open the file, unless it is open in this process and still at its path."""
        self._look_at = time.monotonic() + _LOOK_AGAIN
        if self._pid not in {0, os.getpid()}:
            self._recent, self._again = [], b""  # those are the parent's to look after
        if self._pid != os.getpid() or not self._in_place():
            if self._pid and not os.fstat(self._fd).st_nlink:
                self._again += b"".join(self._recent)
            self._recent = []
            self._open()
        self._recent = []
        if self._again:
            self._put(self._again)
            self._again = b""

    def _in_place(self) -> bool:
        try:
            return os.path.samestat(self.path.stat(), os.fstat(self._fd))
        except OSError:
            return False

    def _open(self) -> None:
        self._let_go()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(self.path, _FLAGS, 0o666)
        self._pid = os.getpid()
        found = os.fstat(self._fd)
        self._regular = stat.S_ISREG(found.st_mode)
        self._end = found.st_size if self._regular else -1
        self._torn = self._end > 0 and self._byte(self._end - 1) != b"\n"

    def _rotate(self) -> None:
        """Set the file aside, unless another process has done so. Those who still write to it will notice its size."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # among those who rotate; freed with the process
            if self._in_place():
                aside = self.path.with_name(f"{self.path.name}.{_last_number(self.path) + 1}")
                self.path.rename(aside)
            self._open()
            self._recent = []
        except BlockingIOError:
            pass  # another process is about it
        except OSError as error:
            message = f"{self.path} could not be set aside and grows on: {error}"
            warnings.warn(message, XetrackWarning, stacklevel=2)


def parts(path: Path) -> list[Path]:
    """The files that were set aside for `path`, and `path` itself, in the order they were written."""
    return [*(path.with_name(f"{path.name}.{number}") for number in _numbers(path)), path]


def _numbers(path: Path) -> list[int]:
    before = f"{path.name}."
    names = (each.name for each in path.parent.iterdir())
    ends = (name.removeprefix(before) for name in names if name.startswith(before))
    return sorted(int(end) for end in ends if end.isdecimal() and end.isascii())


def _last_number(path: Path) -> int:
    return max(_numbers(path), default=0)
