"""Opens engines and caches, for trackers, readers and copies alike."""

from collections.abc import Mapping, Sequence
from typing import Any

from xetrack._plugins import known
from xetrack._plugins.offer import Offer
from xetrack._plugins.registry import Plugins
from xetrack._redact import redact_error
from xetrack._spec.cache import ResultCache
from xetrack._spec.engine import Engine
from xetrack._spec.provider import Context
from xetrack._util.locations import Location
from xetrack._util.paths import MEMORY, SKIP_INSERT
from xetrack.errors import OptionError

__all__ = [
    "DEFAULT_ENGINE",
    "check_file",
    "choose_engine",
    "open_cache",
    "open_engine",
]

DEFAULT_ENGINE = "sqlite"
"""The engine of databases that are paths."""

# Schemes of URLs for other things than databases of xetrack.
_FILES = {"sqlite", "duckdb", "file"}
_BUCKETS = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "r2", "oss", "hdfs", "webhdfs"}
_WEB = {"http", "https", "ws", "wss", "ftp", "sftp"}


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
            raise _not_a_database(db) or _wrong_engine(db, chosen)
        return chosen
    if db.scheme:
        served = plugins.serving(db.scheme)
        if served is None:
            raise _not_a_database(db) or plugins.missing_scheme(db.scheme, db.shown)
        return served
    if db.shortened and (db.shortened in plugins.schemes() or db.shortened in known.SCHEMES or _advice(db.shortened)):
        raise OptionError(
            f"{db.shortened}:/ begins a URL that lost a slash, as pathlib shortens them. Pass the URL as text, with ://."
        )
    return plugins.pick("engines", DEFAULT_ENGINE)


def _wrong_engine(db: Location, chosen: Offer) -> OptionError:
    name, schemes = chosen.provider.name, chosen.schemes
    takes = f"takes URLs that begin with {' or '.join(f'{each}://' for each in schemes)}" if schemes else "takes paths"
    return OptionError(f"{db.shown}: the engine {name!r} {takes}. Leave engine= out, or pass another database.")


def _not_a_database(db: Location) -> OptionError | None:
    """Return the error for a URL of something else than a database, with what to use instead; None if it may be one."""
    if path := _path_of(db):
        engine = " with engine='duckdb'" if _family(db.scheme) == "duckdb" else ""
        return OptionError(f"{db.shown}: xetrack takes the path of a file, not a URL. Pass {path!r}{engine}.")
    advice = _advice(db.scheme)
    return OptionError(f"{db.shown}: {advice}") if advice else None


def _advice(scheme: str) -> str:
    if _family(scheme) in _FILES:
        return "xetrack takes the path of a file, not a URL."
    if scheme in _BUCKETS:
        return (
            "a database cannot grow in object storage. Log to a file, and upload a backup of it. Logged objects can be "
            "stored there: assets=URL."
        )
    if scheme in _WEB:
        return f"{scheme}:// is not the address of a database. Log to a file, or to a database server."
    return ""


def _path_of(db: Location) -> str:
    """Return the path in a URL such as `sqlite:///track.db`, as SQLAlchemy spells them; "" for other URLs."""
    if _family(db.scheme) not in _FILES:
        return ""
    path = db.shown.partition("://")[2].partition("?")[0]
    if db.scheme != "file":
        path = path.removeprefix("/")
    return path or MEMORY


def _family(scheme: str) -> str:
    """Return a scheme without what SQLAlchemy adds, as in `sqlite+pysqlite`."""
    return scheme.partition("+")[0]


def check_file(db: Location, engine: Offer) -> None:
    """Raise `OptionError` for a database or an engine that has no file to read."""
    if db.real in {MEMORY, SKIP_INSERT}:
        raise OptionError(
            f"{db.shown} keeps no file to read or to copy to. Read its rows from the tracker that logged them."
        )
    name = engine.provider.name
    if name in {"memory", "none"}:
        raise OptionError(
            f"engine {name!r} keeps no file to read or to copy to. Use sqlite, or the engine that wrote the file."
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
    try:
        # the only context with the password of a URL
        return chosen.open(claimed, Context(db.real, table, read_only=read_only)), others
    except Exception as error:
        redact_error(error)
        raise
