"""A program that loads plugins, and reports what that imported and which global state it changed.

It imports nothing of the kit, so that the process is as fresh as a user's.
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
    "warnings.showwarning": lambda: repr(warnings.showwarning),
    "logging": _loggers,
    "multiprocessing start method": lambda: multiprocessing.get_start_method(allow_none=True),
    "sys.path": lambda: list(sys.path),
    "import hooks": lambda: [*map(repr, sys.meta_path), *map(repr, sys.path_hooks)],
    "environment": lambda: dict(os.environ),
    "working directory": os.getcwd,
    "random state": lambda: repr(random.getstate()),
    "excepthooks": lambda: [repr(sys.excepthook), repr(threading.excepthook), repr(sys.unraisablehook)],
    "standard streams": lambda: [id(sys.stdin), id(sys.stdout), id(sys.stderr)],
    "threads": lambda: sorted(each.name for each in threading.enumerate()),
    "profilers": lambda: [repr(sys.getprofile()), repr(sys.gettrace())],
    "recursion limit": sys.getrecursionlimit,
    "socket timeouts": socket.getdefaulttimeout,
    "locale": lambda: locale.setlocale(locale.LC_ALL),
    "garbage collector": lambda: [gc.isenabled(), gc.get_threshold(), len(gc.callbacks)],
}
"""Global state of a process, and functions that read it."""


def report(target: str) -> dict[str, Any]:
    """Load a plugin, call its hooks, and return what that imported and changed."""
    importlib.import_module("xetrack.registry")  # users have it before any plugin is loaded
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
    """Return the problem with its hooks, or "", and kind, name and options of each provider."""
    from xetrack.errors import PluginError
    from xetrack.registry import KINDS, Plugins

    try:
        plugins = Plugins((plugin,))
    except PluginError as error:
        return str(error), []
    offers = [offer for kind in KINDS for offer in plugins.offers(kind)]
    return "", [(offer.kind, offer.provider.name, sorted(offer.options)) for offer in offers]


def _report_or_failure(target: str) -> dict[str, Any]:
    try:
        return {"failed": "", **report(target)}
    except (Exception, SystemExit) as error:
        return {"failed": f"{target} cannot be loaded: {type(error).__name__}: {error}"}


if __name__ == "__main__":
    print(f"\n{json.dumps([_report_or_failure(each) for each in sys.argv[1:]])}")
