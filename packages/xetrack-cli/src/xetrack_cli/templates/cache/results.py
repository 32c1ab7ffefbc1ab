"""The cache: one file per result."""

import os
import pickle
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from xetrack.errors import UntrustedError
from xetrack.plugin import Context

from .keys import NoKeyError, key_of

__all__ = ["FileClaim", "FolderCache"]

_PATIENCE = 600.0  # seconds to wait for another computation of the same result


class FolderCache:
    """Stores results as pickles. Loading a pickle may run code, so the folder must be trusted."""

    def __init__(self, folder: str | os.PathLike[str], context: Context) -> None:
        if not context.trusted:
            raise UntrustedError("Cached results are pickles, and loading one could run code from its author.")
        self._context = context
        self._folder = Path(folder).expanduser().resolve()
        self._folder.mkdir(parents=True, exist_ok=True)

    def key(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        params: Mapping[str, Any],
        depends_on: Sequence[Any] = (),
    ) -> str | None:
        """Return the key of a call, or warn and return None."""
        try:
            return key_of(function, tuple(args), dict(kwargs), dict(params), tuple(depends_on))
        except NoKeyError as error:
            self._context.warn(f"cache {error}", f"A call is not cached: {error}.")
            return None

    def get(self, key: str) -> Mapping[str, Any] | None:
        """Return an entry, or None if it is missing or damaged."""
        try:
            entry = pickle.loads(self._path(key).read_bytes())
        except Exception:
            return None
        return entry if isinstance(entry, dict) and entry.keys() == {"result", "cache"} else None

    def set(self, key: str, result: object, track_id: str) -> None:
        """Store a result and its run. Concurrent readers see the complete entry or none."""
        try:
            data = pickle.dumps({"result": result, "cache": track_id})
        except Exception as error:
            self._context.warn(f"cache {key}", f"A {type(result).__qualname__} cannot be cached: {error}")
            return
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as file:
            file.write(data)
        Path(file.name).replace(self._path(key))

    def claim(self, key: str) -> "FileClaim":
        """Return a claim to compute a missing result."""
        return FileClaim(self._folder / f"{key}.lock")

    def delete_run(self, track_id: str) -> int:
        """Delete a run's entries, and return their number."""
        keys = [key for key, entry in self.scan() if entry["cache"] == track_id]
        for key in keys:
            self._path(key).unlink(missing_ok=True)
        return len(keys)

    def scan(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield all entries with their keys."""
        for path in sorted(self._folder.glob("*.pickle")):
            entry = self.get(path.stem)
            if entry is not None:
                yield path.stem, entry

    def close(self) -> None:
        """Do nothing: no file is open."""

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.pickle"


_claimed: ContextVar[frozenset[str]] = ContextVar("_claimed", default=frozenset())


class FileClaim:
    """A file lock, which the operating system releases when the process ends, however it ends.

    SQLite provides the lock, in the same way on every system. The file stays empty.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held = False

    def __enter__(self) -> Self:
        """Enter the claim. `wait` or `poll` takes the lock."""
        # An asynchronous call may end in a different thread than it began in.
        self._lock = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        return self

    def wait(self) -> None:
        """Wait until no one else computes the result."""
        if not self._is_nested():
            self._try_lock()

    def poll(self) -> bool:
        """Try once without waiting. Returns False while someone else computes the result."""
        self._lock.execute("PRAGMA busy_timeout = 0")
        return self._held or self._is_nested() or self._try_lock()

    def _is_nested(self) -> bool:
        """Whether this call is nested in the computation itself: waiting would never end."""
        return str(self._path) in _claimed.get()

    def _try_lock(self) -> bool:
        try:
            self._lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            return False
        self._held = True
        _claimed.set(_claimed.get() | {str(self._path)})
        return True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Release the lock."""
        if self._held:
            self._held = False
            _claimed.set(_claimed.get() - {str(self._path)})
        self._lock.close()
