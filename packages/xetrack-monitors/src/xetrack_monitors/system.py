"""Processor, memory, disk and GPUs of this process, its children and the machine."""

import os
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any

import psutil

from xetrack_monitors import gpu
from xetrack_monitors.memory import PEAKS, Watch, ended_children_peak, now_and_most
from xetrack_monitors.network import MIB
from xetrack_monitors.processes import children_resident, cpu_seconds
from xetrack_monitors.sampler import Sampler, Series

__all__ = ["SAMPLER", "System", "look"]

TICK = 0.01
"""Seconds. The system counts the processor time of living children in ticks; below ten, the count says nothing."""


def look() -> dict[str, float]:
    """Take a sample."""
    return _seen(now_and_most()[0] + children_resident(quick=False))


def _seen(memory: int) -> dict[str, float]:
    """Complete a sample, given the resident bytes of this process and its children."""
    machine = psutil.virtual_memory()
    return {
        "memory": memory,
        "p_memory_percent": 100 * memory / machine.total,
        "memory_percent": machine.percent,
        **gpu.look(),
    }


SAMPLER = Sampler(look)
"""One per process. This module is imported when the first monitor opens."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=SAMPLER.forget)


@lru_cache(maxsize=1)
def _most_percent() -> float:
    return 100.0 * (os.cpu_count() or 1)


class System:
    """Means of the samples in `series` from `begin()` to `end()`, and peaks."""

    def __init__(self, series: Series, folder: Path) -> None:
        self._series = series
        self._folder = folder
        self._watch = Watch()
        self._resident = self._children = self._children_peak = 0
        self._cpu = (0.0, 0.0)
        self._began = 0.0

    def begin(self) -> None:
        """Take the readings that `end()` compares with. Clocks come last, so that they count only what follows."""
        self._series.clear()
        self._children_peak = ended_children_peak()
        self._children = children_resident(quick=True)
        self._resident = PEAKS.begin(self._watch) + self._children
        self._series.add({"memory": self._resident})
        self._began = perf_counter()
        self._cpu = cpu_seconds()

    def end(self) -> dict[str, Any]:
        """Return the columns of the row."""
        cpu = cpu_seconds()
        seconds = perf_counter() - self._began
        children = children_resident(quick=True)
        memory = PEAKS.end(self._watch) + children
        # Even the shortest call has one sample.
        self._series.add({"memory": memory} if self._series.mean("memory_percent") else _seen(memory))
        peak = max(
            # The mark covers this process alone; children that live from begin to end add to it.
            self._watch.peak + min(self._children, children),
            int(self._series.peak("memory") or 0),
            self._peak_of_ended_children(),
        )
        return {
            "cpu": self._cpu_percent(cpu, seconds),
            "memory_percent": self._series.mean("memory_percent"),
            "p_memory_percent": self._series.mean("p_memory_percent"),
            "peak_memory_mb": peak / MIB,
            "added_memory_mb": (peak - self._resident) / MIB,
            "disk_percent": self._disk_percent(),
            **gpu.columns(self._series),
        }

    def _cpu_percent(self, cpu: tuple[float, float], seconds: float) -> float | None:
        own, of_children = (late - early for early, late in zip(self._cpu, cpu, strict=True))
        used = own + (of_children if seconds >= 10 * TICK else 0.0)
        return min(max(0.0, 100 * used / seconds), _most_percent()) if seconds > 0 else None

    def _peak_of_ended_children(self) -> int:
        """Return the peak of a child that came and went between two samples, if it was the largest child so far."""
        peak = ended_children_peak()
        return peak if peak > self._children_peak else 0

    def _disk_percent(self) -> float | None:
        try:
            return float(psutil.disk_usage(str(self._folder)).percent)
        except OSError:  # the folder was removed
            return None
