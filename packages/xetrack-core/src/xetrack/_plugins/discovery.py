"""Installed plugins: found by their entry points without importing them, then imported one by one."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
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
    """A plugin that is installed, as its entry point describes it.

    Attributes:
        name: name of the entry point.
        target: what it points to, such as `acme.plugin` or `acme:Plugin`.
        distribution: the distribution that has it.
        version: version of the distribution.
        entry_point: the entry point of `importlib_metadata`.
        location: folder that the distribution is installed in.
    """

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
        """Whether `XETRACK_DISABLE_PLUGINS` names it. The variable holds entry-point names with commas, or `*`."""
        names = {name.strip() for name in os.environ.get("XETRACK_DISABLE_PLUGINS", "").split(",")}
        return "*" in names or self.name in names


def installed() -> tuple[Found, ...]:
    """Return every plugin of this environment, sorted by distribution and name, without importing any."""
    return tuple(sorted(scan()[0], key=lambda each: (each.distribution, each.name)))


def shadowed() -> tuple[Found, ...]:
    """Return the plugins that are never imported: another copy of their distribution is earlier on `sys.path`."""
    return scan()[1]


@lru_cache(maxsize=1)
def scan() -> tuple[tuple[Found, ...], tuple[Found, ...]]:
    """Return the plugins in use and the shadowed ones. Scans once per process; `scan.cache_clear()` forgets."""
    import importlib_metadata

    first: dict[str, tuple[str, str]] = {}
    used: dict[Found, None] = {}
    hidden: dict[Found, None] = {}
    for distribution in importlib_metadata.distributions():
        for found in _plugins_of(distribution):
            copy = (found.location, found.version)
            (used if first.setdefault(_normal(found.distribution), copy) == copy else hidden)[found] = None
    return tuple(used), tuple(hidden)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _plugins_of(distribution: Any) -> Iterator[Found]:
    try:
        points = distribution.entry_points.select(group=PROJECT)
    except Exception:
        # A damaged entry_points.txt must not take other plugins along.
        return
    if points:
        location = str(Path(distribution.locate_file("")).resolve())
        name, version = _name_and_version(distribution, location)
        for point in points:
            yield Found(point.name, point.value, name, version, point, location)


def _name_and_version(distribution: Any, location: str) -> tuple[str, str]:
    # `distribution.metadata` imports the email package, which takes longer than finding all plugins.
    try:
        text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    except UnicodeDecodeError:
        text = ""
    head = dict(re.findall(r"^(Name|Version): *(\S+)$", text.partition("\n\n")[0], re.MULTILINE))
    return head.get("Name", f"a distribution without metadata in {location}"), head.get("Version", "?")


def load(found: Found) -> Any:
    """Import a plugin. If the entry point names a class, return an instance of it.

    Raises:
        PluginDisabledError: `XETRACK_DISABLE_PLUGINS` names it. Nothing was imported.
        PluginBrokenError: importing it failed.
        PluginVersionError: it was made for another version of the plugin API.
    """
    if found.disabled:
        names = os.environ["XETRACK_DISABLE_PLUGINS"]
        message = f"{found} is disabled by XETRACK_DISABLE_PLUGINS={names}. To use it, change the variable."
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
