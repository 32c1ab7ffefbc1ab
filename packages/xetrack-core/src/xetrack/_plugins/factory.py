"""Opens engines and caches, for trackers, readers and copies alike."""

from collections.abc import Mapping, Sequence
from typing import Any

from xetrack._plugins.offer import Offer
from xetrack._plugins.registry import Plugins
from xetrack._spec.cache import ResultCache
from xetrack._spec.engine import Engine
from xetrack._spec.provider import Context
from xetrack._util.paths import MEMORY, SKIP_INSERT
from xetrack.errors import OptionError

__all__ = [
    "check_file",
    "open_cache",
    "open_engine",
]


def check_file(db: str, engine: str) -> None:
    """Raise `OptionError` for a database or an engine that has no file to read."""
    if db in {MEMORY, SKIP_INSERT}:
        raise OptionError(
            f"{db} is not a file, so it cannot be read or copied. Read its rows from the tracker that logged them."
        )
    if engine in {"memory", "none"}:
        raise OptionError(
            f"engine {engine!r} has no file to read or copy. Use sqlite, or the engine that wrote the file."
        )


def open_cache(routed: Sequence[tuple[Offer, Mapping[str, Any]]], context: Context) -> ResultCache | None:
    """Open the cache whose options were given; return None without any.

    Raises:
        OptionError: there are several.
    """
    opened = [(offer, offer.open(given, context)) for offer, given in routed if offer.kind == "caches"]
    caches: list[tuple[Offer, ResultCache]] = [(offer, cache) for offer, cache in opened if cache is not None]
    if len(caches) > 1:
        names = ", ".join(offer.provider.name for offer, _ in caches)
        raise OptionError(f"cannot use several caches ({names}). Choose one.")
    return caches[0][1] if caches else None


def open_engine(
    plugins: Plugins, db: str, name: str, table: str, options: Mapping[str, Any], *, read_only: bool = False
) -> tuple[Engine, list[tuple[Offer, dict[str, Any]]]]:
    """Open the engine. Return it with the other providers that `options` ask for, and the options of each."""
    chosen = plugins.pick("engines", "none" if db == SKIP_INSERT else name)
    (_, claimed), *others = plugins.route(options, chosen)
    return chosen.open(claimed, Context(db, table, read_only=read_only)), others
