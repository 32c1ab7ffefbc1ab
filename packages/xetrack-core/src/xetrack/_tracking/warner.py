"""Warn once per subject."""

import warnings

from xetrack.errors import XetrackWarning, outer_level

__all__ = ["Warner"]


class Warner:
    """Warns once for each subject, or never. Stores and sinks hold it, so it must not hold their tracker."""

    def __init__(self, *, wanted: bool) -> None:
        self._wanted = wanted
        self._warned: dict[str, object] = {}

    def __call__(self, about: str, message: str) -> None:
        """Warn with `XetrackWarning`, pointing at the code that called xetrack."""
        mine = object()
        if self._wanted and self._warned.setdefault(about, mine) is mine:  # one of several threads wins
            warnings.warn(message, XetrackWarning, stacklevel=outer_level())
