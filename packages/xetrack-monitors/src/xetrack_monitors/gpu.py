"""NVIDIA GPUs, through NVML and its Python binding nvidia-ml-py. Without either, rows have no GPU columns.

Only GPUs that `CUDA_VISIBLE_DEVICES` leaves visible count: by index in PCI bus order, as NVML has it, or by UUID.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from time import monotonic
from typing import Any

from xetrack.plugin import new_lock
from xetrack_monitors.network import MIB
from xetrack_monitors.sampler import Series

__all__ = ["Gpus", "columns", "look", "prepare"]

FRESH = 0.1
"""Seconds for which a reading is reused. The driver averages utilization over a sixth of a second or more."""


def prepare() -> None:
    """Find the GPUs. The first time may be slow, so this runs before any call is measured."""
    _gpus(os.getpid())


def look() -> dict[str, float]:
    """Return a reading of the visible GPUs; empty if there are none."""
    return _gpus(os.getpid()).read()


def columns(series: Series) -> dict[str, float | None]:
    """Return the columns of a row, without those that no GPU supports."""
    peak = series.peak("gpu_memory")
    found = {
        "gpu": series.mean("gpu"),
        "gpu_memory_percent": series.mean("gpu_memory_percent"),
        "peak_gpu_memory_mb": None if peak is None else peak / MIB,
        "gpu_power": series.mean("gpu_power"),
    }
    return {key: value for key, value in found.items() if value is not None}


@lru_cache(maxsize=1)
def _gpus(pid: int) -> "Gpus":
    """Return the GPUs of one process: a forked child has to ask the driver again."""
    del pid
    try:
        import pynvml
    except ImportError:
        return Gpus(None, [])
    try:
        pynvml.nvmlInit()
        return Gpus(pynvml, list(_visible(pynvml)))
    except pynvml.NVMLError:  # there is no driver or no GPU
        return Gpus(None, [])


def _visible(nvml: Any) -> Iterator[Any]:
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        yield from map(nvml.nvmlDeviceGetHandleByIndex, range(nvml.nvmlDeviceGetCount()))
        return
    for name in map(str.strip, chosen.split(",")):
        try:
            yield _handle(nvml, name)
        except nvml.NVMLError:
            # As in CUDA, an invalid name hides all names after it.
            return


def _handle(nvml: Any, name: str) -> Any:
    if name.isdecimal():
        return nvml.nvmlDeviceGetHandleByIndex(int(name))
    for index in range(nvml.nvmlDeviceGetCount()):
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        # As in CUDA, the beginning of a UUID will do.
        if name and nvml.nvmlDeviceGetUUID(handle).startswith(name):
            return handle
    # A part of a GPU (MIG), or an error.
    return nvml.nvmlDeviceGetHandleByUUID(name)


class Gpus:
    """Several GPUs as one: the mean of their utilization, the sum of their memory and power."""

    def __init__(self, nvml: Any, handles: list[Any]) -> None:
        self._nvml = nvml
        self._handles = handles
        self._lock = new_lock()
        self._read_at = float("-inf")
        self._latest: dict[str, float] = {}

    def read(self) -> dict[str, float]:
        """Return `gpu` and `gpu_memory_percent` in percent, `gpu_memory` in bytes and `gpu_power` in watts.

        What no GPU supports is left out. Readings are reused for 0.1 s, so that short calls share one.
        """
        if not self._handles:
            return {}
        with self._lock:
            if monotonic() - self._read_at > FRESH:
                self._latest = dict(self._ask())
                self._read_at = monotonic()
            return self._latest

    def _ask(self) -> Iterator[tuple[str, float]]:
        nvml = self._nvml
        if used := self._each(nvml.nvmlDeviceGetUtilizationRates):
            yield "gpu", sum(each.gpu for each in used) / len(used)
        if memory := self._each(nvml.nvmlDeviceGetMemoryInfo):
            taken = sum(each.used for each in memory)
            yield "gpu_memory", taken
            yield "gpu_memory_percent", 100 * taken / sum(each.total for each in memory)
        if power := self._each(nvml.nvmlDeviceGetPowerUsage):
            yield "gpu_power", sum(power) / 1000  # from milliwatts

    def _each(self, ask: Callable[[Any], Any]) -> list[Any]:
        answers = []
        for handle in self._handles:
            with suppress(self._nvml.NVMLError):
                answers.append(ask(handle))
        return answers
