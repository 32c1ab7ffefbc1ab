"""Calling a method of a contract in another process.

The module of the contract's class is imported from its file, whatever pytest called it.
"""

import importlib.util
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

__all__ = ["answer", "elsewhere", "main", "start"]

_ANSWER = "answer of the other process: "


def start(method: Callable[..., Any], *arguments: Any, **environment: str) -> "subprocess.Popen[str]":
    """Start a process that calls a method of a contract with arguments that JSON can carry. Its hashes are others."""
    contract = type(getattr(method, "__self__", None))
    task = {
        "path": [os.path.abspath(each) for each in sys.path],  # noqa: PTH100 - "" is this folder
        "file": inspect.getfile(contract),
        "module": contract.__module__,
        "contract": contract.__qualname__,
        "method": method.__name__,
        "arguments": arguments,
    }
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    return subprocess.Popen(  # noqa: S603 - what a test asks for
        [sys.executable, "-c", f"from {__name__} import main; main()", json.dumps(task)],
        env={**os.environ, "PYTHONPATH": _root(), "PYTHONHASHSEED": seed, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _root() -> str:
    """Where this package is found."""
    return str(Path(__file__).parents[2])


def answer(process: "subprocess.Popen[str]", patience: float = 60) -> Any:
    """What the method returned. Raises `AssertionError` if the process failed, or did not end within `patience`."""
    try:
        out, err = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"it did not come to an end within {patience} seconds") from None
    finally:
        process.kill()
    told = [line for line in out.splitlines() if line.startswith(_ANSWER)]
    if process.returncode or not told:
        raise AssertionError(f"in another process it ended with {process.returncode}: {err}")
    return json.loads(told[-1].removeprefix(_ANSWER))


def elsewhere(method: Callable[..., Any], *arguments: Any, **environment: str) -> Any:
    """Call a method of a contract in another process, and return what it returned there."""
    return answer(start(method, *arguments, **environment))


def _call(task: dict[str, Any]) -> Any:
    """Do what `start` asks for."""
    sys.path[:] = task["path"]
    spec = importlib.util.spec_from_file_location(task["module"], task["file"])
    if spec is None or spec.loader is None:
        raise ImportError(f"{task['file']} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[task["module"]] = module
    spec.loader.exec_module(module)
    contract: Any = reduce(getattr, task["contract"].split("."), module)
    return getattr(contract(), task["method"])(*task["arguments"])


def main() -> None:
    """What the other process does."""
    print(f"\n{_ANSWER}{json.dumps(_call(json.loads(sys.argv[1])))}")  # noqa: T201 - this is how it answers
