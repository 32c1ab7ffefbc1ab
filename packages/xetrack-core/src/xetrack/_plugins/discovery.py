"""Installed plugins: found by their entry points without importing them, then imported one by one, each on its own."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from xetrack._spec.hooks import PROJECT
from xetrack._spec.provider import API_VERSION
from xetrack._util.text import explain
from xetrack.errors import PluginBrokenError, PluginDisabledError, PluginVersionError

__all__ = [
    "Found",
    "installed",
    "load",
    "scan",
    "shadowed",
]


@dataclass(frozen=True, slots=True)
class Found:
    """An entry point: its name, where it points, and the distribution that has it, with the folder that this is in."""

    name: str
    target: str
    distribution: str
    version: str
    entry_point: Any
    location: str = ""

    def __str__(self) -> str:
        return f"the plugin {self.name!r} of {self.distribution} {self.version}"

    @property
    def disabled(self) -> bool:
        """Whether `XETRACK_DISABLE_PLUGINS`, a list of entry-point names or `*`, switches it off."""
        names = {name.strip() for name in os.environ.get("XETRACK_DISABLE_PLUGINS", "").split(",")}
        return "*" in names or self.name in names


def installed() -> tuple[Found, ...]:
    """Every plugin of this environment, sorted by distribution and name. None is imported."""
    return tuple(sorted(scan()[0], key=lambda each: (each.distribution, each.name)))


def shadowed() -> tuple[Found, ...]:
    """The plugins of distributions that stand earlier on `sys.path` too: those are imported, and these never are."""
    return scan()[1]


@lru_cache(maxsize=1)
def scan() -> tuple[tuple[Found, ...], tuple[Found, ...]]:
    """The plugins that count, and those that are shadowed: looked for once a process, without importing any."""
    import importlib_metadata

    first: dict[str, tuple[str, str]] = {}
    counting: dict[Found, None] = {}
    hidden: dict[Found, None] = {}
    for distribution in importlib_metadata.distributions():
        for found in _plugins_of(distribution):
            copy = (found.location, found.version)
            (counting if first.setdefault(_normal(found.distribution), copy) == copy else hidden)[found] = None
    return tuple(counting), tuple(hidden)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _plugins_of(distribution: Any) -> Iterator[Found]:
    """The plugins of one distribution. Metadata that nobody can read hide no other plugin, and are told of."""
    try:
        points = list(distribution.entry_points.select(group=PROJECT))
    except Exception as error:
        points = [_Unreadable("?", "?", error)] if _concerns_us(distribution) else []
    if not points:
        return
    location = str(Path(distribution.locate_file("")).resolve())
    try:
        name, version = _told(distribution, "Name"), _told(distribution, "Version")
    except Exception as error:
        name, version = f"a distribution without metadata in {location}", "?"
        points = [_Unreadable(point.name, point.value, error) for point in points]
    for point in points:
        yield Found(point.name, point.value, name, version, point, location)


def _told(distribution: Any, field: str) -> str:
    """A field of the metadata. To parse them as an e-mail, README and all, takes longer than to find the plugins."""
    head = (distribution.read_text("METADATA") or "").partition("\n\n")[0]
    found = re.search(rf"^{field}: *(\S+)$", head, re.MULTILINE)
    told: str | None = found[1] if found else distribution.metadata[field]
    if told is None:  # so old releases of importlib-metadata tell of metadata that are not there
        raise LookupError("No package metadata was found.")
    return told


def _concerns_us(distribution: Any) -> bool:
    try:
        return f"[{PROJECT}]" in (distribution.read_text("entry_points.txt") or "")
    except Exception:
        return False


@dataclass(frozen=True)
class _Unreadable:
    """Stands for the entry point of a distribution that is damaged."""

    name: str
    value: str
    error: Exception = field(compare=False)

    def load(self) -> Any:
        message = f"its installed metadata cannot be read ({self.error}). Install the distribution again"
        raise RuntimeError(message) from self.error


def load(found: Found) -> Any:
    """Import a plugin; one that is a class is made.

    Raises `PluginDisabledError` (before importing anything), `PluginBrokenError` or `PluginVersionError`.
    """
    if found.disabled:
        message = f"{found} is switched off by XETRACK_DISABLE_PLUGINS={os.environ['XETRACK_DISABLE_PLUGINS']}."
        raise PluginDisabledError(message)
    try:
        plugin = found.entry_point.load()
        plugin = plugin() if isinstance(plugin, type) else plugin
    except (Exception, SystemExit) as error:
        message = f"{found} is installed, but importing {found.target} failed: {explain(error)}"
        raise PluginBrokenError(message) from error
    version = getattr(plugin, "xetrack_api", API_VERSION)
    if version != API_VERSION:
        message = (
            f"{found} was made for version {version} of the plugin API; this xetrack-core has version {API_VERSION}. "
            f"Upgrade both: pip install --upgrade {found.distribution} xetrack-core"
        )
        raise PluginVersionError(message)
    return plugin
