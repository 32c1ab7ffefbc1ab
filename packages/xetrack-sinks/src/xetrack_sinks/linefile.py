"""A file of lines that many processes append to, without a lock.

Each line is one `write` to a file opened for appending, so lines of different processes do not mix, and a stopped
process keeps no other waiting. What can still go wrong is checked after the write:

- A killed process left half a line before ours, which is now glued to it: write ours again.
- The disk is full, and only a part of the line was written: blank that part, and raise.
- The file was removed, and the lines of the last moment with it: write them again, to a new file.
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
# Seconds between checks for a removed or renamed file: a check costs more than a write.
_CHECK_AGAIN = 0.05


class LineFile:
    """Appends lines to the file at `path`; creates the file and its folders with the first line.

    Threads may share it, and a forked child may go on with it. With `max_bytes`, a file that has grown longer is
    renamed to `path.1`, `path.2` and so on, and a new one begun. The highest number is the newest. Nothing is deleted.
    """

    def __init__(self, path: str | os.PathLike[str], max_bytes: int | None = None) -> None:
        if max_bytes is not None and fcntl is None:
            raise OptionError(f"jsonl_max_bytes={max_bytes} needs file locks, which this system lacks. Leave it out.")
        self.path = Path(path).expanduser().absolute()
        self._max_bytes = max_bytes
        self._lock = new_lock()
        self._fd = -1
        # The process that opened the file; 0 while it is closed.
        self._pid = 0
        self._regular = True
        # The end of the last line that is known to be whole.
        self._end = 0
        self._torn = False
        self._check_at = 0.0
        # Lines since the last check, and lines that went to a removed file.
        self._recent: list[bytes] = []
        self._again = b""

    def write(self, line: bytes) -> None:
        """Append `line`, which ends with its only newline. Raises `OSError`, and then leaves nothing of it behind."""
        with self._lock:
            if time.monotonic() > self._check_at or self._pid != os.getpid():
                self._check()
            self._put(line)
            self._recent.append(line)
            if self._max_bytes is not None and self._end > self._max_bytes:
                self._rotate()

    def flush(self) -> None:
        """Write the latest lines again if the file was removed just now. Raises `OSError`."""
        with self._lock:
            if self._pid == os.getpid():
                self._check()

    def close(self) -> None:
        """Flush, and close the file; the next line opens it again."""
        with self._lock:
            try:
                self.flush()
            finally:
                self._close()

    def _close(self) -> None:
        if self._pid:
            os.close(self._fd)
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
        """Make sure that a line appended after another process's stands alone. Return where it ends."""
        start = end - written
        if written < len(line):
            self._blank(start, written)
            raise OSError(errno.ENOSPC, "the disk is full, and only a part of the line was written", str(self.path))
        if start == 0 or self._torn or self._byte(start - 1) == b"\n":
            return end
        written = os.write(self._fd, line)
        return self._settle(line, written, os.lseek(self._fd, 0, os.SEEK_CUR))

    def _push(self, rest: bytes) -> None:
        """Write the rest of a line to a pipe or terminal."""
        while rest:
            rest = rest[os.write(self._fd, rest) :]

    def _byte(self, place: int) -> bytes:
        # Appending ignores the position.
        os.lseek(self._fd, place, os.SEEK_SET)
        return os.read(self._fd, 1)

    def _blank(self, start: int, size: int) -> None:
        # Truncating could take a line that another process has appended since.
        fd = os.open(self.path, os.O_WRONLY | getattr(os, "O_BINARY", 0))
        try:
            if os.path.samestat(os.fstat(fd), os.fstat(self._fd)):
                os.lseek(fd, start, os.SEEK_SET)
                os.write(fd, b" " * (size - 1) + b"\n")
        finally:
            os.close(fd)

    def _check(self) -> None:
        """Open the file, unless it is open in this process and still at its path."""
        self._check_at = time.monotonic() + _CHECK_AGAIN
        if self._pid not in {0, os.getpid()}:
            # In a forked child, these are the parent's to write again.
            self._recent, self._again = [], b""
        if self._pid != os.getpid() or not self._in_place():
            if self._pid and not os.fstat(self._fd).st_nlink:
                self._again += b"".join(self._recent)
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
        self._close()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(self.path, _FLAGS, 0o666)
        self._pid = os.getpid()
        found = os.fstat(self._fd)
        self._regular = stat.S_ISREG(found.st_mode)
        self._end = found.st_size if self._regular else -1
        self._torn = self._end > 0 and self._byte(self._end - 1) != b"\n"

    def _rotate(self) -> None:
        """Rename the file, unless another process has done so. Others notice the rename at their next check."""
        try:
            # Among those who rotate; released when the file is closed.
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._in_place():
                aside = self.path.with_name(f"{self.path.name}.{_last_number(self.path) + 1}")
                self.path.rename(aside)
            self._open()
            self._recent = []
        except BlockingIOError:
            pass  # another process is renaming it
        except OSError as error:
            message = f"{self.path} cannot be renamed, so it grows beyond jsonl_max_bytes={self._max_bytes}: {error}"
            warnings.warn(message, XetrackWarning, stacklevel=2)


def parts(path: Path) -> list[Path]:
    """Return the renamed files of `path`, and `path` itself, oldest first."""
    return [*(path.with_name(f"{path.name}.{number}") for number in _numbers(path)), path]


def _numbers(path: Path) -> list[int]:
    before = f"{path.name}."
    names = (each.name for each in path.parent.iterdir())
    ends = (name.removeprefix(before) for name in names if name.startswith(before))
    return sorted(int(end) for end in ends if end.isdecimal() and end.isascii())


def _last_number(path: Path) -> int:
    return max(_numbers(path), default=0)
