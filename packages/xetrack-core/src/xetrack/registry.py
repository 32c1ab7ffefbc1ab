"""What is plugged in, for tools that show it: `xt plugins`, `xt doctor`, the conformance kit."""

from xetrack._plugins.discovery import Found, installed, load, scan, shadowed
from xetrack._plugins.known import OPTIONS, PROVIDERS
from xetrack._plugins.registry import KINDS, OPENED_BY_OPTION, TRACKER_OPTIONS, Offer, Plugins, discovered
from xetrack._spec.hooks import PROJECT

__all__ = [
    "KINDS",
    "OPENED_BY_OPTION",
    "OPTIONS",
    "PROJECT",
    "PROVIDERS",
    "TRACKER_OPTIONS",
    "Found",
    "Offer",
    "Plugins",
    "discovered",
    "installed",
    "load",
    "scan",
    "shadowed",
]
