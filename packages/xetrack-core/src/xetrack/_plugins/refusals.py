"""Databases that no engine takes, and what to use instead."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from xetrack._plugins import known
from xetrack._plugins.offer import Offer
from xetrack._util.locations import Location
from xetrack._util.paths import MEMORY
from xetrack.errors import OptionError

__all__ = ["check_reader_options", "lost_a_slash", "not_a_database", "wrong_engine"]

# Schemes of URLs for other things than databases of xetrack.
_FILES = {"sqlite", "duckdb", "file"}
_BUCKETS = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "r2", "oss", "hdfs", "webhdfs"}
_WEB = {"http", "https", "ws", "wss", "ftp", "sftp"}


def check_reader_options(routed: Iterable[tuple[Offer, Mapping[str, Any]]]) -> None:
    """Raise `OptionError` for an option that only trackers take."""
    for offer, given in routed:
        if given and offer.kind != "asset_stores":
            raise OptionError(f"{', '.join(given)}: only Tracker takes this option. Leave it out.")


def wrong_engine(db: Location, chosen: Offer) -> OptionError:
    """Return the error for a URL given to an engine that does not serve its scheme."""
    name, schemes = chosen.provider.name, chosen.schemes
    takes = f"takes URLs that begin with {' or '.join(f'{each}://' for each in schemes)}" if schemes else "takes paths"
    return OptionError(f"{db.shown}: the engine {name!r} {takes}. Leave engine= out, or pass another database.")


def not_a_database(db: Location) -> OptionError | None:
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
            "a database cannot be written to object storage. Log to a file and upload a backup of it. To store logged "
            "objects there, pass assets=URL."
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


def lost_a_slash(db: Location, served: Collection[str]) -> OptionError | None:
    """Return the error for what `pathlib` makes of a URL; None for paths that merely have a colon."""
    scheme = db.shortened
    if not scheme or not (scheme in served or scheme in known.SCHEMES or _advice(scheme)):
        return None
    return OptionError(
        f"{scheme}:/ begins a URL that lost a slash, as pathlib shortens them. Pass the URL as text, with ://."
    )
