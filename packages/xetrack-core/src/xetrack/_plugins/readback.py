"""Reading back what plugins wrote: logs, JSONL files and caches."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xetrack._plugins.registry import discovered
from xetrack._util.arguments import count, flag, named_run, place, refused, text
from xetrack._util.locations import is_url
from xetrack._util.paths import resolve
from xetrack.errors import PluginNotInstalledError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ReadBack"]


class ReadBack:
    """The methods of `Reader` that read files of plugins."""

    @staticmethod
    def read_logs(path: str | os.PathLike[str], limit: int | None = None) -> "pd.DataFrame":
        """Return the events in the log files under `path`, newest first, at most `limit` of them.

        Raises:
            FileNotFoundError: nothing was logged there.
            PluginNotInstalledError: xetrack-sinks is not installed.
        """
        frame: pd.DataFrame = _reader_of("sinks", "logs")(Path(resolve(path, "path")), limit=count("limit", limit))
        return frame

    @staticmethod
    def read_jsonl(path: str | os.PathLike[str]) -> "pd.DataFrame":
        """Return the events in a JSONL file, in the order they were written.

        Raises:
            FileNotFoundError: nothing was logged there.
            PluginNotInstalledError: xetrack-sinks is not installed.
        """
        frame: pd.DataFrame = _reader_of("sinks", "jsonl")(Path(resolve(path, "path")))
        return frame

    @staticmethod
    def read_cache(cache: str | os.PathLike[str], key: str, *, trusted: bool = True) -> dict[str, Any] | None:
        """Return a cached entry, `{"result": ..., "cache": track_id}`; None if there is none.

        Args:
            cache: folder of the cache.
            key: key of the entry, as in the column `cache` of a row.
            trusted: False loads only numbers, text, and lists, dicts, sets and tuples of them, because loading other
                results can run code that the cache brings. `XETRACK_SAFE=1` has the same effect.

        Raises:
            UntrustedError: the result is something else, and the cache is not trusted.
            DatabaseNotFoundError: there is no cache.
            PluginNotInstalledError: xetrack-cache is not installed.
        """
        with closing(_cache(cache, trusted=trusted)) as opened:
            entry: dict[str, Any] | None = opened.get(text("key", key))
            return entry

    @staticmethod
    def scan_cache(cache: str | os.PathLike[str], *, trusted: bool = False) -> Iterator[tuple[str, dict[str, Any]]]:
        """Return an iterator over every key and entry of a cache, oldest first.

        Args:
            cache: folder of the cache.
            trusted: True loads every result, unless `XETRACK_SAFE=1` is set. By default a placeholder such as
                `<unread result of 123 bytes>` stands for results that could run code.

        Raises:
            DatabaseNotFoundError: there is no cache.
            PluginNotInstalledError: xetrack-cache is not installed.
        """
        return _scan(_cache(cache, trusted=trusted))

    @staticmethod
    def delete_cache_by_track_id(cache: str | os.PathLike[str], track_id: str) -> int:
        """Delete the cached entries that a run computed; return how many. Needs xetrack-cache."""
        with closing(_cache(cache, trusted=False)) as opened:
            entries: int = opened.delete_run(named_run("track_id", track_id))
            return entries


def _reader_of(kind: str, name: str) -> Callable[..., Any]:
    """Return the function of a provider that reads what the provider wrote."""
    read = discovered().pick(kind, name).provider.read
    if read is None:
        raise PluginNotInstalledError(f"the installed {name} plugin cannot read what it wrote. Upgrade it.")
    return read


def _cache(path: str | os.PathLike[str], *, trusted: bool) -> Any:
    trusted = flag("trusted", trusted)
    if is_url(place("cache", path)):
        raise refused("cache", path, "this is a URL, and caches are read from their folders. Pass the folder.")
    return _reader_of("caches", "diskcache")(Path(resolve(path, "cache")), trusted=trusted)


def _scan(cache: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every key and entry. `scan_cache` is no generator, so that a missing cache raises before iteration."""
    with closing(cache):
        yield from cache.scan()
