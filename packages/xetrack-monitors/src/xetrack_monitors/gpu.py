"""NVIDIA GPUs, through NVML and its Python binding nvidia-ml-py; without either there are no columns of them.

Of the machine's GPUs those count that `CUDA_VISIBLE_DEVICES` leaves visible to this process: numbers (in the order of
the PCI bus, which is NVML's) or UUIDs.
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
"""Seconds that a reading holds. The driver itself averages utilisation over a sixth of a second or more."""


def prepare() -> None:
    """Find the GPUs, which may take long the first time: before any call rather than in it."""
    _gpus(os.getpid())


def look() -> dict[str, float]:
    """What the visible GPUs are doing; empty without any."""
    return _gpus(os.getpid()).read()


def columns(series: Series) -> dict[str, float | None]:
    """The columns of a row; those that no GPU told are left out."""
    peak = series.peak("gpu_memory")
    told = {
        "gpu": series.mean("gpu"),
        "gpu_memory_percent": series.mean("gpu_memory_percent"),
        "peak_gpu_memory_mb": None if peak is None else peak / MIB,
        "gpu_power": series.mean("gpu_power"),
    }
    return {key: value for key, value in told.items() if value is not None}


@lru_cache(maxsize=1)
def _gpus(pid: int) -> "Gpus":
    """Those of one process: a forked child asks the driver anew."""
    del pid
    try:
        import pynvml
    except ImportError:
        return Gpus(None, [])
    try:
        pynvml.nvmlInit()
        return Gpus(pynvml, list(_visible(pynvml)))
    except pynvml.NVMLError:  # no driver, or no GPU
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
            return  # as CUDA does: an invalid name hides those after it


def _handle(nvml: Any, name: str) -> Any:
    if name.isdecimal():
        return nvml.nvmlDeviceGetHandleByIndex(int(name))
    for index in range(nvml.nvmlDeviceGetCount()):
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        if name and nvml.nvmlDeviceGetUUID(handle).startswith(name):  # CUDA takes the beginning of one, too
            return handle
    return nvml.nvmlDeviceGetHandleByUUID(name)  # a part of a GPU (MIG), or an error


class Gpus:
    """Some GPUs, seen as one: utilisation is their mean, memory and power are their sum."""

    def __init__(self, nvml: Any, handles: list[Any]) -> None:
        self._nvml = nvml
        self._handles = handles
        self._lock = new_lock()
        self._read_at = float("-inf")
        self._latest: dict[str, float] = {}

    def read(self) -> dict[str, float]:
        """`gpu` and `gpu_memory_percent` in percent, `gpu_memory` in bytes, `gpu_power` in watts.

        What a GPU cannot tell is missing. A reading holds for 0.1 s, so that short calls pay for few.
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
        told = []
        for handle in self._handles:
            with suppress(self._nvml.NVMLError):
                told.append(ask(handle))
        return told
