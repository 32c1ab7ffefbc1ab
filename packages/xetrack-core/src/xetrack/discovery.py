"""Installed plugins: found by their entry points without importing them, then imported one by one, each on its own."""

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from xetrack.errors import PluginBrokenError, PluginDisabledError, PluginVersionError
from xetrack.hookspecs import PROJECT
from xetrack.protocols import API_VERSION

__all__ = ["Found", "explain", "installed", "load", "safe_mode", "strict"]


@dataclass(frozen=True, slots=True)
class Found:
    """An entry point: its name, where it points, and the distribution that has it."""

    name: str
    target: str
    distribution: str
    version: str
    entry_point: Any

    def __str__(self) -> str:
        return f"the plugin {self.name!r} of {self.distribution} {self.version}"

    @property
    def disabled(self) -> bool:
        """Whether `XETRACK_DISABLE_PLUGINS`, a list of entry-point names or `*`, switches it off."""
        names = {name.strip() for name in os.environ.get("XETRACK_DISABLE_PLUGINS", "").split(",")}
        return "*" in names or self.name in names


@lru_cache(maxsize=1)
def installed() -> tuple[Found, ...]:
    """Every plugin of this environment, sorted by distribution and name. Scans once a process and imports none."""
    import importlib_metadata

    found = {
        Found(point.name, point.value, point.dist.name, point.dist.version, point): None
        for point in importlib_metadata.entry_points(group=PROJECT)
        if point.dist is not None
    }
    return tuple(sorted(found, key=lambda each: (each.distribution, each.name)))


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


def explain(error: BaseException) -> str:
    """What failed, and for a missing module what to install."""
    told = f"{type(error).__name__}: {error}."
    if isinstance(error, ModuleNotFoundError) and error.name:
        told += f" Install what brings the module: pip install {error.name.partition('.')[0]}"
    return told


def strict() -> bool:
    """Whether `XETRACK_STRICT_PLUGINS` asks for an error where a discovered plugin would only be warned of."""
    return os.environ.get("XETRACK_STRICT_PLUGINS", "") not in {"", "0"}


def safe_mode() -> bool:
    """Whether `XETRACK_SAFE` asks for nothing to be trusted."""
    return os.environ.get("XETRACK_SAFE", "") not in {"", "0"}
