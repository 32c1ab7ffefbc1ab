"""Measuring two things side by side on a machine that does other work as well."""

import gc
import os
import subprocess
import sys
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter


def timed(function, *arguments):
    """Seconds of one call, with the collector running as it does for users, but from a clean start."""
    gc.collect()
    start = perf_counter()
    function(*arguments)
    return perf_counter() - start


def interleaved(rounds, *functions):
    """What each function returns, a list per function. They are called in turns, after one round to warm up."""
    for function in functions:
        function()
    turns = [[function() for function in functions] for _ in range(rounds)]
    return [list(each) for each in zip(*turns, strict=True)]


def python(code, *arguments):
    """What a fresh Python prints."""
    return run(sys.executable, "-c", code, *map(str, arguments))


def run(*command):
    """What a command prints that finds its modules compiled, as after an installation with pip."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()


@dataclass
class Row:
    """One line of the table. Times are in seconds, one a round; `bare[i]` was measured right after `ours[i]`."""

    what: str
    ours: list = field(default_factory=list)
    bare: list = field(default_factory=list)
    limit: float | None = None  # the goal: the most that ours may be, as a ratio or as more seconds
    difference: bool = False  # whether ours is compared by difference in place of ratio
    verdict: str = ""  # for what is no time

    def compared(self):
        """Median, least and most of ours against bare, round by round."""
        pairs = zip(self.ours, self.bare, strict=True)
        each = [ours - bare if self.difference else ours / bare for ours, bare in pairs]
        return (median(each), min(each), max(each)) if each else None

    @property
    def met(self):
        """Whether the goal is met; None where there is none."""
        if self.limit is None:
            return None
        return not self.verdict if not self.ours else self.compared()[0] <= self.limit
