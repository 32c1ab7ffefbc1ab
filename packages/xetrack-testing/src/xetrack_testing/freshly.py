"""What loading a plugin does to a process: as a program, this module loads those that it is given, and tells.

Nothing of the kit is imported here, so that the process is as fresh as that of somebody who only logs.
"""

import gc
import importlib
import json
import locale
import logging
import multiprocessing
import os
import random
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

__all__ = ["GLOBALS", "report"]


def _loggers() -> dict[str, Any]:
    known = [logging.getLogger(), *map(logging.getLogger, list(logging.Logger.manager.loggerDict))]
    return {
        each.name: (each.level, [repr(handler) for handler in each.handlers])
        for each in known
        if each.handlers or each.level != logging.NOTSET
    }


GLOBALS: dict[str, Callable[[], Any]] = {
    "signal handlers": lambda: {int(each): repr(signal.getsignal(each)) for each in signal.valid_signals()},
    "warnings filters": lambda: list(map(repr, warnings.filters)),
    "how warnings are shown": lambda: repr(warnings.showwarning),
    "logging": _loggers,
    "the start method of multiprocessing": lambda: multiprocessing.get_start_method(allow_none=True),
    "sys.path": lambda: list(sys.path),
    "import hooks": lambda: [*map(repr, sys.meta_path), *map(repr, sys.path_hooks)],
    "the environment": lambda: dict(os.environ),
    "the working folder": os.getcwd,
    "the random state": lambda: repr(random.getstate()),
    "excepthooks": lambda: [repr(sys.excepthook), repr(threading.excepthook), repr(sys.unraisablehook)],
    "standard streams": lambda: [id(sys.stdin), id(sys.stdout), id(sys.stderr)],
    "threads": lambda: sorted(each.name for each in threading.enumerate()),
    "profilers": lambda: [repr(sys.getprofile()), repr(sys.gettrace())],
    "the recursion limit": sys.getrecursionlimit,
    "socket timeouts": socket.getdefaulttimeout,
    "the locale": lambda: locale.setlocale(locale.LC_ALL),
    "the garbage collector": lambda: [gc.isenabled(), gc.get_threshold(), len(gc.callbacks)],
}
"""What belongs to the whole process, and how it is now."""


def report(target: str) -> dict[str, Any]:
    """Load a plugin, ask it for its providers, and tell what that imported and changed."""
    importlib.import_module("xetrack.registry")  # is there before any plugin is
    modules, before = set(sys.modules), {name: look() for name, look in GLOBALS.items()}
    module, _, attribute = target.partition(":")
    plugin: Any = importlib.import_module(module)
    for name in filter(None, attribute.split(".")):
        plugin = getattr(plugin, name)
    broken, providers = _registered(plugin)
    return {
        "api": getattr(plugin, "xetrack_api", None),
        "broken": broken,
        "providers": providers,
        "imported": sorted(set(sys.modules) - modules),
        "changed": [name for name, look in GLOBALS.items() if look() != before[name]],
    }


def _registered(plugin: Any) -> tuple[str, list[tuple[str, str, list[str]]]]:
    """What is wrong with its hooks; kind, name and options of each of its providers."""
    from xetrack.errors import PluginError
    from xetrack.registry import KINDS, Plugins

    try:
        plugins = Plugins((plugin,))
    except PluginError as error:
        return str(error), []
    offers = [offer for kind in KINDS for offer in plugins.offers(kind)]
    return "", [(offer.kind, offer.provider.name, sorted(offer.options)) for offer in offers]


def _reported(target: str) -> dict[str, Any]:
    try:
        return {"failed": "", **report(target)}
    except (Exception, SystemExit) as error:
        return {"failed": f"{target} cannot be loaded: {type(error).__name__}: {error}"}


if __name__ == "__main__":
    print(f"\n{json.dumps([_reported(each) for each in sys.argv[1:]])}")  # noqa: T201 - this is how it answers
