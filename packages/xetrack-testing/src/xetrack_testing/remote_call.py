"""Call a method of a contract in another process.

The process imports the module of the contract's class from its file, whatever name pytest gave it. A method that runs
there may `pause` until the test resumes it, or `acknowledge` steps one by one.
"""

import importlib.util
import inspect
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import reduce
from pathlib import Path
from typing import Any

__all__ = [
    "RemoteCall",
    "acknowledge",
    "acknowledged",
    "main",
    "pause",
    "remote_call",
    "remote_result",
    "resume",
    "run_in_processes",
    "start_remote_call",
    "started",
    "wait_for_pause",
]

RemoteCall = subprocess.Popen[str]
"""A process that calls a method."""

_MARK = "result of the remote call: "
_PAUSED = "the remote call paused"
_STEP = "the remote call did step "
_PATIENCE = 60


def remote_call(method: Callable[..., Any], *arguments: Any) -> Any:
    """Call a method in another process, and return its result. Arguments and result must be JSON."""
    return remote_result(start_remote_call(method, *arguments))


def start_remote_call(method: Callable[..., Any], *arguments: Any) -> RemoteCall:
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


def remote_result(process: RemoteCall, patience: float = _PATIENCE) -> Any:
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


# In step with the test


@contextmanager
def started(method: Callable[..., Any], *arguments: Any) -> Iterator[RemoteCall]:
    """Start a process that calls a method, and kill it at the end of the block if it still runs."""
    process = start_remote_call(method, *arguments)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def run_in_processes(count: int, method: Callable[..., Any], *arguments: Any) -> list[Any]:
    """Call a method in several processes, and return the results.

    Each gets its number as another argument. None goes on from its first `pause` before all have reached it.
    """
    with ExitStack() as running:
        processes = [running.enter_context(started(method, *arguments, number)) for number in range(count)]
        for process in processes:
            wait_for_pause(process)
        for process in processes:
            resume(process)
        return [remote_result(process) for process in processes]


def pause() -> None:
    """Runs in the other process: wait until the test calls `resume`."""
    print(f"\n{_PAUSED}", flush=True)
    sys.stdin.readline()


def acknowledge(step: int) -> None:
    """Runs in the other process: report that a step is done."""
    print(f"{_STEP}{step}", flush=True)


def wait_for_pause(process: RemoteCall) -> None:
    """Wait until the process has reached `pause`. Raises `AssertionError` if it ends instead."""
    for line in _lines(process):
        if line.strip() == _PAUSED:
            return
    raise AssertionError(f"the other process ended before it paused: {process.stderr and process.stderr.read()}")


def resume(process: RemoteCall) -> None:
    """Let a process go on that has paused."""
    if process.stdin:
        process.stdin.write("\n")
        process.stdin.flush()


def acknowledged(process: RemoteCall) -> Iterator[int]:
    """Yield the steps that the process acknowledges, until it ends."""
    return (int(line.removeprefix(_STEP)) for line in _lines(process) if line.startswith(_STEP))


def _lines(process: RemoteCall) -> Iterator[str]:
    """Yield the lines that the process prints. It is killed if it takes too long."""
    watchdog = threading.Timer(_PATIENCE, process.kill)
    watchdog.start()
    try:
        for line in process.stdout or ():  # noqa: UP028 - `yield from` would close the pipe at the end
            yield line
    finally:
        watchdog.cancel()


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
