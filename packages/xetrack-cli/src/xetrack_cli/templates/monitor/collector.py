"""The monitor."""

import gc
from collections.abc import Mapping

__all__ = ["Collections"]


class Collections:
    """Counts what the garbage collector does between `start` and `stop`, in all threads of the process."""

    def __init__(self) -> None:
        self._before = (0, 0)

    def start(self) -> None:
        """Start, right before the call."""
        self._before = _counts()

    def stop(self) -> Mapping[str, int]:
        """Stop, right after the call, and return columns for its row."""
        (runs, objects), (runs_before, objects_before) = _counts(), self._before
        return {
            "template_name_runs": runs - runs_before,
            "template_name_objects": objects - objects_before,
        }


def _counts() -> tuple[int, int]:
    """Return how often the collector ran in this process, and how many objects it found."""
    stats = gc.get_stats()
    return sum(each["collections"] for each in stats), sum(each["collected"] for each in stats)
