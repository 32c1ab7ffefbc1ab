"""Call a method of a contract in another process.

The process imports the module of the contract's class from its file, whatever name pytest gave it.
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

__all__ = ["main", "remote_call", "remote_result", "start_remote_call"]

_MARK = "result of the remote call: "


def remote_call(method: Callable[..., Any], *arguments: Any) -> Any:
    """Call a method in another process, and return its result. Arguments and result must be JSON."""
    return remote_result(start_remote_call(method, *arguments))


def start_remote_call(method: Callable[..., Any], *arguments: Any) -> "subprocess.Popen[str]":
    """Start a process that calls a method. It has a different hash seed."""
    contract = type(getattr(method, "__self__", None))
    task = {
        "path": [str(Path(each).absolute()) for each in sys.path],
        "file": inspect.getfile(contract),
        "module": contract.__module__,
        "contract": contract.__qualname__,
        "method": method.__name__,
        "arguments": arguments,
    }
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    return subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import main; main()", json.dumps(task)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONHASHSEED": seed},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def remote_result(process: "subprocess.Popen[str]", patience: float = 60) -> Any:
    """Return the method's result. Raises `AssertionError` if the process fails or needs over `patience` seconds."""
    try:
        out, err = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"the other process did not end within {patience} seconds") from None
    finally:
        process.kill()
    results = [line for line in out.splitlines() if line.startswith(_MARK)]
    if process.returncode or not results:
        raise AssertionError(f"the other process ended with {process.returncode}: {err}")
    return json.loads(results[-1].removeprefix(_MARK))


def _call(task: dict[str, Any]) -> Any:
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
    """Run in the other process: call the method, and print its result."""
    print(f"\n{_MARK}{json.dumps(_call(json.loads(sys.argv[1])))}")
