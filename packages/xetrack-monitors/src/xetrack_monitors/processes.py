"""Processor time and memory of this process and its children."""

import os
import sys
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import psutil

__all__ = ["LINUX", "children", "children_resident", "cpu_seconds", "resident", "this_process"]

LINUX = sys.platform == "linux"


@lru_cache(maxsize=1)
def _process(pid: int) -> psutil.Process:
    return psutil.Process(pid)


def this_process() -> psutil.Process:
    """Return this process: in a forked child, the child."""
    return _process(os.getpid())


def children(*, quick: bool) -> list[psutil.Process]:
    """Return the living descendants of this process.

    Linux lists them in microseconds. Elsewhere psutil goes through all processes of the machine, which takes
    milliseconds, so `quick` returns none there.
    """
    if not LINUX:
        return [] if quick else list(this_process().children(recursive=True))
    if not _has_children():
        return []
    try:
        return _descendants(os.getpid())
    except OSError:  # the kernel lacks CONFIG_PROC_CHILDREN
        return list(this_process().children(recursive=True))


def _has_children() -> bool:
    """Whether there is any child, dead or alive. Reaps none of them."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _descendants(pid: int) -> list[psutil.Process]:
    found = []
    for child in _children_of(pid):
        with suppress(psutil.Error, OSError):  # it has ended
            found += [psutil.Process(child), *_descendants(child)]
    return found


def _children_of(pid: int) -> list[int]:
    """Return the children of all threads: the kernel lists each child with the thread that started it."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found += map(int, (task / "children").read_bytes().split())
        except (FileNotFoundError, ProcessLookupError):
            # Any other thread may have ended; without the main thread, there is no list at all.
            if task.name == str(pid):
                raise
    return found


def cpu_seconds() -> tuple[float, float]:
    """Return the processor time of this process, and of its children, ended ones included; in seconds."""
    own = time.process_time()
    return own, _ended_children() + sum(map(_cpu_of, children(quick=True)))


def _ended_children() -> float:
    try:
        import resource
    except ImportError:  # Windows does not count it
        return 0.0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _cpu_of(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        times = process.cpu_times()
        ended = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        return float(times.user + times.system + ended)
    # It has ended, and counts among those that have.
    return 0.0


def resident() -> int:
    """Return the resident memory of this process, in bytes."""
    return int(this_process().memory_info().rss)


def children_resident(*, quick: bool) -> int:
    """Return the resident memory of all descendants, in bytes; shared pages count for each of them."""
    return sum(map(_resident_of, children(quick=quick)))


def _resident_of(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0  # it has ended
