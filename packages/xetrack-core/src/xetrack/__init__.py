"""xetrack: a local-first experiment tracker, benchmark store and model monitor.

The names below are imported when first used, so that `import xetrack` costs next to nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xetrack._copying.copy import copy
    from xetrack._spec.hooks import Plugin, hookimpl
    from xetrack._spec.provider import Provider
    from xetrack.errors import XetrackError, XetrackWarning
    from xetrack.reader import Reader
    from xetrack.tracker import Tracker

__all__ = [
    "Plugin",
    "Provider",
    "Reader",
    "Tracker",
    "XetrackError",
    "XetrackWarning",
    "__version__",
    "copy",
    "hookimpl",
]

__version__ = "1.0.0"

_HOMES = {
    "Plugin": "_spec.hooks",
    "Provider": "_spec.provider",
    "Reader": "reader",
    "Tracker": "tracker",
    "XetrackError": "errors",
    "XetrackWarning": "errors",
    "copy": "_copying.copy",
    "hookimpl": "_spec.hooks",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module 'xetrack' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(importlib.import_module(f"xetrack.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
