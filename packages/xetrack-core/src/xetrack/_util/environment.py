"""Environment variables that xetrack obeys."""

import os

__all__ = ["safe_mode", "strict"]


def strict() -> bool:
    """Whether `XETRACK_STRICT_PLUGINS` asks for an error where a discovered plugin would only be warned of."""
    return os.environ.get("XETRACK_STRICT_PLUGINS", "") not in {"", "0"}


def safe_mode() -> bool:
    """Whether `XETRACK_SAFE` asks for nothing to be trusted."""
    return os.environ.get("XETRACK_SAFE", "") not in {"", "0"}
