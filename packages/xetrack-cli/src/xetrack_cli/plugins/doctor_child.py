"""The process in which `xt plugins doctor` loads one plugin and reports what happened."""

import faulthandler
import inspect
import json
import logging
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from xetrack.registry import Found, Offer, Plugins, installed, load

__all__ = ["examine", "main"]

_OURS = {"xetrack", "xetrack_cli"}


def main(request: str) -> None:
    """Load one plugin and write a report. `request` is JSON from `doctor`."""
    asked = json.loads(request)
    faulthandler.dump_traceback_later(asked["timeout"], exit=True)
    [found] = [each for each in installed() if [each.distribution, each.name, each.target] == asked["plugin"]]
    report = examine(found)
    faulthandler.cancel_dump_traceback_later()
    Path(asked["report"]).write_text(json.dumps(report), encoding="utf-8")
    os._exit(0)  # the plugin may have started threads


def examine(found: Found) -> dict[str, Any]:
    """Load a plugin and ask it for its providers. Return whatever it raises as a failure."""
    state, modules = _state(), set(sys.modules)
    started = time.perf_counter()
    try:
        plugin = load(found)
    except BaseException as error:
        return {"failures": [_failure(error)]}
    seconds = time.perf_counter() - started
    plugins = Plugins.of([found])
    return {
        "seconds": seconds,
        "api": getattr(plugin, "xetrack_api", None),
        "file": getattr(sys.modules.get(found.target.partition(":")[0]), "__file__", None),
        "hooks": [name.removeprefix("xetrack_") for name in plugins.hooks_of(plugin)],
        "providers": [_provider(offer) for offer in plugins.all_offers() if offer.owner == found.distribution],
        "imports": _imported(set(sys.modules) - modules, found),
        "changes": [name for name, value in _state().items() if state[name] != value],
        "failures": [_failure(error) for error in plugins.failures.values()],
    }


def _failure(error: BaseException) -> dict[str, str]:
    text = "".join(traceback.format_exception(error.__cause__ or error))
    return {"error": type(error).__name__, "message": str(error), "traceback": text}


def _provider(offer: Offer) -> dict[str, Any]:
    options = fields(offer.provider.options) if offer.provider.options is not None else ()
    found = {"kind": offer.kind, "name": offer.provider.name, "options": [_option(each) for each in options]}
    return found | ({"schemes": list(offer.schemes)} if offer.schemes else {})


def _option(field: "Field[Any]") -> dict[str, Any]:
    """Return the name, type and default of an option, as Python writes them. A required one has no default."""
    default = None
    if field.default is not MISSING:
        default = repr(field.default)
    elif field.default_factory is not MISSING:
        default = f"{getattr(field.default_factory, '__name__', field.default_factory)}()"
    return {"name": field.name, "type": inspect.formatannotation(field.type), "default": default}


def _imported(modules: set[str], found: Found) -> list[str]:
    """Return the packages among new modules that are neither the plugin's nor Python's nor ours."""
    own = found.target.partition(":")[0].partition(".")[0]
    names = {name.partition(".")[0] for name in modules}
    return sorted(name for name in names - _OURS - {own} - sys.stdlib_module_names if name[:1] != "_")


def _state() -> dict[str, Any]:
    """Return what belongs to the whole process, which an import should leave alone."""
    return {
        "the environment": dict(os.environ),
        "the warning filters": list(warnings.filters),
        "the logging handlers or level": (list(logging.root.handlers), logging.root.level),
        "the signal handlers": {each: signal.getsignal(each) for each in signal.valid_signals()},
        "the threads": set(threading.enumerate()),
    }
