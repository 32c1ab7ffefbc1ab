"""Reading back what plugins wrote: logs, JSONL files and caches."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from xetrack._plugins.registry import discovered
from xetrack._util.arguments import flag
from xetrack._util.paths import resolve
from xetrack.errors import PluginNotInstalledError

__all__ = ["open_cache_of", "read_back", "scan_and_close"]


def read_back(kind: str, name: str) -> Callable[..., Any]:
    """Return the function of a provider that reads what the provider wrote."""
    read = discovered().pick(kind, name).provider.read
    if read is None:
        raise PluginNotInstalledError(f"the plugin for {name} cannot read back what it wrote.")
    return read


def open_cache_of(path: str | os.PathLike[str], *, trusted: bool) -> Any:
    """Return the cache in a folder."""
    trusted = flag("trusted", trusted)
    return read_back("caches", "diskcache")(Path(resolve(path, "cache")), trusted=trusted)


def scan_and_close(cache: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every key and entry. A generator apart, so that a cache that does not exist raises before iteration."""
    with closing(cache):
        yield from cache.scan()
