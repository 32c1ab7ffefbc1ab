"""This process and its children: the processor time and the memory that they use."""

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
    """This process; in a forked child, the child."""
    return _process(os.getpid())


def children(*, quick: bool) -> list[psutil.Process]:
    """The living children of this process and theirs.

    Linux tells them in microseconds. Elsewhere psutil goes through every process of the machine, which takes
    milliseconds: with `quick` there are none.
    """
    if not LINUX:
        return [] if quick else list(this_process().children(recursive=True))
    if not _has_children():
        return []
    try:
        return _descendants(os.getpid())
    except OSError:  # a kernel without CONFIG_PROC_CHILDREN
        return list(this_process().children(recursive=True))


def _has_children() -> bool:
    """Whether there is any child, dead or alive; none is reaped by asking."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _descendants(pid: int) -> list[psutil.Process]:
    found = []
    for child in _children_of(pid):
        with suppress(psutil.Error, OSError):  # it ended meanwhile
            found += [psutil.Process(child), *_descendants(child)]
    return found


def _children_of(pid: int) -> list[int]:
    """The children are told thread by thread, each by the one that started them."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found += map(int, (task / "children").read_bytes().split())
        except (FileNotFoundError, ProcessLookupError):
            if task.name == str(pid):
                raise
            # a thread that ended meanwhile
    return found


def cpu_seconds() -> tuple[float, float]:
    """Seconds of processor time: of this process, and of its children, those that have ended included."""
    own = time.process_time()
    return own, _ended_children() + sum(map(_cpu_of, children(quick=True)))


def _ended_children() -> float:
    try:
        import resource
    except ImportError:  # Windows keeps no such account
        return 0.0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _cpu_of(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        times = process.cpu_times()
        ended = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        return float(times.user + times.system + ended)
    return 0.0  # it ended meanwhile, and is among those that have


def resident() -> int:
    """Bytes of memory in which this process resides."""
    return int(this_process().memory_info().rss)


def children_resident(*, quick: bool) -> int:
    """Bytes of memory in which its children reside; what they share is counted for each."""
    return sum(map(_resident_of, children(quick=quick)))


def _resident_of(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0  # it ended meanwhile
