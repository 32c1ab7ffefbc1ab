"""`xt --version`: what is installed."""

import platform
import sqlite3

from xetrack import __version__
from xetrack.registry import installed
from xetrack_cli.output.terminal import tell

__all__ = ["show_versions"]


def show_versions() -> None:
    """Print the versions, and a line per plugin, without importing any."""
    tell(f"xetrack {__version__} (Python {platform.python_version()}, SQLite {sqlite3.sqlite_version})")
    for found in installed():
        off = ", disabled by XETRACK_DISABLE_PLUGINS" if found.disabled else ""
        tell(f"{found.distribution} {found.version} (plugin {found.name}{off})")
    if not installed():
        tell("no plugins")
