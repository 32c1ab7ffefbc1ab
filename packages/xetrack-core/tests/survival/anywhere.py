"""Injects an event at the n-th place where Python checks for signals in our code.

Those are where a function begins, and where a C function has returned. Each run of the tests tries some of the places,
chosen by a seed. A failure prints the seed, the place, and the command that repeats it. `XETRACK_EVERY_PLACE=1 uv run
pytest -k anywhere --timeout 0` tries all places, which takes minutes on a slow disk.
"""

import contextlib
import os
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import xetrack

__all__ = ["Injector"]

_OURS = (str(Path(xetrack.__file__).parent), contextlib.__file__)


class Injector:
    """Chooses places by `seed`, injects events there, and fails if it could not.

    `but` is the name of functions whose beginning does not count as a place.

        injector.count(action)
        for place in injector.places():
            injector.inject(place, event, action)
    """

    def __init__(self, seed: int, but: str = "") -> None:
        self.seen = 0
        self.tried = 0
        self.injected = 0
        self._random = random.Random(seed)
        self._but = but

    def count(self, action: Callable[..., Any], *arguments: object) -> Any:
        """Do `action`, and count its places: those of the last time count. Return its result."""
        return self._watched(action, arguments, 0, lambda: None)

    def places(self, about: int = 25) -> Iterator[int]:
        """Yield so many of the places that were counted, or $XETRACK_PLACE alone.

        Raises:
            AssertionError: fewer than three in four of the places were reached in the end. What an action does may
                depend on the clock, so its last places may be missing.
        """
        for place in self._chosen(about):
            sys.stdout.write(f"At place {place} of {self.seen}; XETRACK_PLACE={place} repeats this one alone.\n")
            self.tried += 1
            yield place
        reached = f"the event was injected at {self.injected} of {self.tried} places"
        assert self.injected, reached
        assert self.injected >= 0.75 * self.tried, reached

    def _chosen(self, about: int) -> range:
        assert self.seen >= about, f"there are only {self.seen} places"
        if place := int(os.environ.get("XETRACK_PLACE", "0")):
            return range(place, place + 1)
        step = 1 if "XETRACK_EVERY_PLACE" in os.environ else self.seen // about
        return range(self._random.randint(1, step), self.seen + 1, step)

    def inject(self, place: int, event: Callable[[], object], action: Callable[..., Any], *arguments: object) -> Any:
        """Do `action`, and let `event` happen at that place of it. Return the result of `action`."""
        return self._watched(action, arguments, place, event)

    def _watched(
        self, action: Callable[..., Any], arguments: tuple[object, ...], place: int, event: Callable[[], object]
    ) -> Any:
        seen = 0

        def look(frame: FrameType, kind: str, _: object) -> None:
            nonlocal seen
            if self._is_place(kind, frame.f_code):
                seen += 1
                if seen == place:
                    sys.setprofile(None)
                    self.injected += 1
                    event()

        sys.setprofile(look)
        try:
            return action(*arguments)
        finally:
            sys.setprofile(None)
            if not place:
                self.seen = seen

    def _is_place(self, kind: str, code: CodeType) -> bool:
        if not code.co_filename.startswith(_OURS):
            return False
        return kind == "c_return" or (kind == "call" and code.co_name != self._but)
