"""This machine and its processes."""

import os
import platform
from pathlib import Path

__all__ = ["is_alive", "this_host"]


def this_host() -> str:
    """Return the name of this machine."""
    return platform.node()


def is_alive(pid: int) -> bool:
    """Return whether a process of this machine has this id."""
    if _is_zombie(pid):
        return False
    if os.name == "nt":
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x1000, 0, pid)  # type: ignore[attr-defined,unused-ignore]
        return bool(handle and ctypes.windll.kernel32.CloseHandle(handle))  # type: ignore[attr-defined,unused-ignore]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_zombie(pid: int) -> bool:
    """Return whether the process has ended and waits for its parent to reap it (known on Linux only)."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[:1] == ["Z"]
