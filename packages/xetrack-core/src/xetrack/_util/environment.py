"""Environment variables."""

import os

__all__ = ["safe_mode", "strict"]


def strict() -> bool:
    """Return whether `XETRACK_STRICT_PLUGINS` turns warnings about plugins into errors."""
    return os.environ.get("XETRACK_STRICT_PLUGINS", "") not in {"", "0"}


def safe_mode() -> bool:
    """Return whether `XETRACK_SAFE` forbids loading what could run code."""
    return os.environ.get("XETRACK_SAFE", "") not in {"", "0"}
