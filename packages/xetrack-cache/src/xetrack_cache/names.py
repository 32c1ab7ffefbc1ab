"""Names of functions and classes, and whether a name is enough to identify one."""

import os
import sys
import sysconfig
from functools import lru_cache
from typing import Any

__all__ = ["find", "full_name", "goes_by_name", "is_library", "module_of"]


def module_of(value: Any) -> str:
    """Return the module that a function or class says it is from."""
    module = getattr(value, "__module__", None) or getattr(type(value), "__module__", None) or ""
    return "__main__" if module == "__mp_main__" else str(module)  # its name in spawned processes


def full_name(value: Any) -> str:
    """Return `module.qualname`."""
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None) or type(value).__qualname__
    return f"{module_of(value)}.{name}"


def find(value: Any, name: str | None = None) -> Any:
    """Return what is found under the name of a function or class, or None."""
    name = name or getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    found: Any = sys.modules.get(getattr(value, "__module__", None) or "")
    for part in (name or "").split("."):
        found = getattr(found, part, None)
    return found


@lru_cache(maxsize=1024)
def is_library(module: str) -> bool:
    """Return whether a module is builtin or installed, rather than part of what the user works on."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return module != "__main__" and module in {*sys.builtin_module_names, *sys.stdlib_module_names}
    paths = sysconfig.get_paths()
    homes = {os.path.realpath(paths[each]) for each in ("stdlib", "platstdlib", "purelib", "platlib")}
    return any(os.path.realpath(file).startswith(home + os.sep) for home in homes)


def goes_by_name(value: Any) -> bool:
    """Return whether a name identifies a function or class: it is a library's, and is found by that name."""
    module = module_of(value)
    return module == "builtins" or (is_library(module) and find(value) is value)
