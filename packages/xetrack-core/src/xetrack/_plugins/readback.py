"""Reading back what plugins wrote: logs, JSONL files and caches."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xetrack._plugins.offer import Offer
from xetrack._plugins.registry import discovered
from xetrack._redact import redact_error
from xetrack._util.arguments import count, flag, named_run, optional_text, text
from xetrack._util.locations import Location, locate
from xetrack._util.paths import resolve
from xetrack.errors import OptionError, PluginNotInstalledError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ReadBack"]

_DEFAULT = "diskcache"
"""The cache of places that are paths."""


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
    def read_cache(
        cache: str | os.PathLike[str], key: str, *, trusted: bool = True, provider: str | None = None
    ) -> dict[str, Any] | None:
        """Return a cached entry, `{"result": ..., "cache": track_id}`; None if there is none.

        Args:
            cache: path of the cache, or a URL that an installed cache serves.
            key: key of the entry, as in the column `cache` of a row.
            trusted: False loads only numbers, text, and lists, dicts, sets and tuples of them, because loading other
                results can run code that the cache brings. `XETRACK_SAFE=1` has the same effect.
            provider: name of the cache's provider, as `xt plugins list` shows it. By default the one that serves the
                URL, or "diskcache".

        Raises:
            UntrustedError: the result is something else, and the cache is not trusted.
            DatabaseNotFoundError: there is no cache.
            PluginNotInstalledError: the provider is not installed, or no installed cache serves the URL.
        """
        with closing(_cache(cache, provider, trusted=trusted)) as opened:
            entry: dict[str, Any] | None = opened.get(text("key", key))
            return entry

    @staticmethod
    def scan_cache(
        cache: str | os.PathLike[str], *, trusted: bool = False, provider: str | None = None
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Return an iterator over every key and entry of a cache, oldest first.

        Args:
            cache: path of the cache, or a URL that an installed cache serves.
            trusted: True loads every result, unless `XETRACK_SAFE=1` is set. By default a placeholder such as
                `<unread result of 123 bytes>` stands for results that could run code.
            provider: as for `read_cache`.

        Raises:
            DatabaseNotFoundError: there is no cache.
            PluginNotInstalledError: the provider is not installed, or no installed cache serves the URL.
        """
        return _scan(_cache(cache, provider, trusted=trusted))

    @staticmethod
    def delete_cache_by_track_id(cache: str | os.PathLike[str], track_id: str, *, provider: str | None = None) -> int:
        """Delete the cached entries that a run computed; return how many.

        Args:
            cache: path of the cache, or a URL that an installed cache serves.
            track_id: name of the run.
            provider: as for `read_cache`.

        Raises:
            DatabaseNotFoundError: there is no cache.
            PluginNotInstalledError: the provider is not installed, or no installed cache serves the URL.
        """
        with closing(_cache(cache, provider, trusted=False)) as opened:
            entries: int = opened.delete_run(named_run("track_id", track_id))
            return entries


def _reader_of(kind: str, name: str) -> Callable[..., Any]:
    """Return the function of a provider that reads what the provider wrote."""
    return _read_of(discovered().pick(kind, name))


def _read_of(offer: Offer) -> Callable[..., Any]:
    read = offer.provider.read
    if read is None:
        message = f"the plugin {offer.provider.name!r} of {offer.owner} cannot read what it wrote. Upgrade it."
        raise PluginNotInstalledError(message)
    return read


def _cache(cache: str | os.PathLike[str], provider: str | None, *, trusted: bool) -> Any:
    trusted, where = flag("trusted", trusted), locate(cache, "cache")
    read = _read_of(_cache_of(where, optional_text("provider", provider)))
    try:
        return read(where.real if where.scheme else Path(where.real), trusted=trusted)
    except Exception as error:
        redact_error(error)
        raise


def _cache_of(where: Location, name: str | None) -> Offer:
    """Return the cache of this name; without a name, the one that serves the URL, or diskcache for a path."""
    plugins = discovered()
    if name is None and where.scheme:
        served = plugins.serving(where.scheme, "caches")
        if served is None:
            message = f"{where.shown}: no installed cache serves {where.scheme}:// URLs. Installed: {_installed()}."
            raise PluginNotInstalledError(message)
        return served
    try:
        chosen = plugins.pick("caches", name or _DEFAULT)
    except PluginNotInstalledError as error:
        if name is not None or not plugins.offers("caches"):
            raise
        message = f"{error}. If another cache wrote {where.shown}, name it with provider=. Installed: {_installed()}."
        raise PluginNotInstalledError(message) from error
    if where.scheme and chosen.provider.schemes is not None and where.scheme not in chosen.schemes:
        raise OptionError(f"{where.shown}: the cache {chosen.provider.name!r} takes {_places(chosen)}.")
    return chosen


def _installed() -> str:
    """List the installed caches, and the places that they take."""
    found = [f"{offer.provider.name} (takes {_places(offer)})" for offer in discovered().offers("caches")]
    return ", ".join(found) or "none"


def _places(offer: Offer) -> str:
    return " or ".join(f"{scheme}:// URLs" for scheme in offer.schemes) or "paths"


def _scan(cache: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every key and entry. `scan_cache` is no generator, so that a missing cache raises before iteration."""
    with closing(cache):
        yield from cache.scan()
