"""What identifies a run: its track id, its host and its process."""

import os
import platform
import random
from collections.abc import Callable
from copy import copy, deepcopy
from functools import lru_cache
from typing import Any

from xetrack._spec.types import Run
from xetrack._util.processes import this_host

__all__ = ["new_run", "new_track_id"]


_OTHER_WORDS = {"COOLNAME_DATA_DIR", "COOLNAME_DATA_MODULE"}
"""Environment variables that replace coolname's words, so that two may not form a name."""


@lru_cache(maxsize=1)
def _generator() -> Callable[[], str]:
    state = random.getstate()
    names = _names()
    # coolname draws from the user's generator while it builds its own
    random.setstate(state)
    # users seed `random`, and two seeded runs must not share a name
    names.random = random.SystemRandom()
    return lambda: str(names.generate_slug(2))


def _names() -> Any:
    """Return a copy of coolname's generator: building a new one takes 30 ms."""
    import coolname

    if _OTHER_WORDS & os.environ.keys():
        from coolname.data import config

        return coolname.RandomGenerator(deepcopy(config))  # type: ignore[arg-type] # its own config
    return copy(coolname.generate_slug.__self__)  # type: ignore[attr-defined] # a method of it


def new_track_id() -> str:
    """Return a new name for a run, such as `fierce-pudu-1649`."""
    return f"{_generator()()}-{random.SystemRandom().randrange(10_000):04d}"


def new_run(track_id: str, table: str) -> Run:
    """Return the record of a run of this process."""
    return Run(track_id, table, host=this_host(), pid=os.getpid(), python=platform.python_version())
