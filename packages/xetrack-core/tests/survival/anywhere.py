"""Lets something happen at the n-th place where Python looks for signals in our code.

Those are where a function begins, and where one of C has returned. Usually some of the places are tried, others in each
run of the tests: a failure tells which. `XETRACK_EVERY_PLACE=1 uv run pytest -k anywhere --timeout 0` tries all of
them, which takes minutes on a slow disk.
"""

import contextlib
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import xetrack

__all__ = ["Watch", "places"]

_OURS = (str(Path(xetrack.__file__).parent), contextlib.__file__)


class Watch:
    """Called with an action, does it, and at the n-th place `happen()`; `seen` counts the places."""

    def __init__(self, n: int = 0, happen: Callable[[], object] = lambda: None, but: str = "") -> None:
        self.seen = 0
        self._n = n
        self._happen = happen
        self._but = but  # the name of functions whose beginning is none

    def __call__(self, action: Callable[..., Any], *arguments: object) -> Any:
        """What the action returns."""
        look = self._look  # Python does not hold it while it is called
        sys.setprofile(look)
        try:
            return action(*arguments)
        finally:
            sys.setprofile(None)

    def _look(self, frame: FrameType, event: str, _: object) -> None:
        if self._is_place(event, frame.f_code):
            self.seen += 1
            if self.seen == self._n:
                sys.setprofile(None)
                self._happen()

    def _is_place(self, event: str, code: CodeType) -> bool:
        if not code.co_filename.startswith(_OURS):
            return False
        return event == "c_return" or (event == "call" and code.co_name != self._but)


def places(watch: Watch, tried: int = 25) -> range:
    """The places to try, of those that were seen."""
    step = 1 if "XETRACK_EVERY_PLACE" in os.environ else max(watch.seen // tried, 1)
    return range(random.SystemRandom().randint(1, step), watch.seen + 1, step)
