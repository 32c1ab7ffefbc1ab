"""Opens engines and caches, for trackers, readers and copies alike."""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from xetrack._plugins.offer import Offer
from xetrack._plugins.refusals import lost_a_slash, not_a_database, wrong_engine
from xetrack._plugins.registry import Plugins
from xetrack._redact import redact_error
from xetrack._spec.cache import ResultCache
from xetrack._spec.engine import Engine
from xetrack._spec.provider import Context
from xetrack._util.arguments import optional_text
from xetrack._util.locations import Location, locate
from xetrack._util.paths import MEMORY, SKIP_INSERT
from xetrack.errors import OptionError, PluginError

__all__ = [
    "DEFAULT_ENGINE",
    "check_file",
    "choose_engine",
    "open_cache",
    "open_engine",
]

DEFAULT_ENGINE = "sqlite"
"""The engine of databases that are paths."""


def choose_engine(plugins: Plugins, db: Location, name: str | None) -> Offer:
    """Return the engine of this name; without a name, the one that serves the URL, or sqlite for a path.

    Raises:
        OptionError: the engine does not take this URL, or no engine takes such URLs.
        PluginError: the engine's plugin is missing or does not work, or two plugins serve the URL.
    """
    if db.real == SKIP_INSERT:
        return plugins.pick("engines", "none")
    if name is not None:
        chosen = plugins.pick("engines", name)
        if db.scheme and chosen.provider.schemes is not None and db.scheme not in chosen.schemes:
            raise not_a_database(db) or wrong_engine(db, chosen)
        return chosen
    if db.scheme:
        served = plugins.serving(db.scheme)
        if served is None:
            raise not_a_database(db) or plugins.missing_scheme(db.scheme, db.shown)
        return served
    if error := lost_a_slash(db, plugins.schemes()):
        raise error
    return plugins.pick("engines", DEFAULT_ENGINE)


def check_file(db: Location, engine: Offer) -> None:
    """Raise `OptionError` for a database or an engine that has no file to read."""
    if db.real in {MEMORY, SKIP_INSERT}:
        raise OptionError(
            f"{db.shown} is not a file, so it cannot be read or copied."
            " Read its rows from the tracker that logged them."
        )
    name = engine.provider.name
    if name in {"memory", "none"}:
        raise OptionError(
            f"engine {name!r} has no file to read or copy. Use sqlite, or the engine that wrote the file."
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
    plugins: Plugins,
    db: Location,
    chosen: Offer,
    table: str,
    options: Mapping[str, Any],
    *,
    read_only: bool = False,
) -> tuple[Engine, list[tuple[Offer, dict[str, Any]]]]:
    """Open an engine. Return it with the other providers that `options` ask for, and the options of each."""
    (_, claimed), *others = plugins.route(options, chosen)
    wrapped = partial(_open_wrapped, plugins, db, chosen, table, read_only)
    try:
        # the only context with the password of a URL
        return chosen.open(claimed, Context(db.real, table, read_only=read_only, open_engine=wrapped)), others
    except Exception as error:
        redact_error(error)
        raise


def _open_wrapped(
    plugins: Plugins,
    outer: Location,
    wrapper: Offer,
    table: str,
    only_read: bool,
    db: str | os.PathLike[str],
    engine: str | None = None,
    *,
    read_only: bool = False,
    **options: Any,
) -> Engine:
    """Open an engine for another one that wraps it: the rest of `Context.open_engine`, after the first five."""
    where = locate(db)
    chosen = choose_engine(plugins, where, optional_text("engine", engine))
    if chosen == wrapper and where.is_same(outer):
        name = wrapper.provider.name
        raise PluginError(f"{outer.shown}: the engine {name!r} opens itself. It has to name the one that it wraps.")
    opened, others = open_engine(plugins, where, chosen, table, options, read_only=read_only or only_read)
    if unused := [name for _, given in others for name in given]:
        opened.close()
        name = chosen.provider.name
        raise OptionError(f"{', '.join(unused)}: the engine {name!r} does not take this option. Leave it out.")
    return opened
