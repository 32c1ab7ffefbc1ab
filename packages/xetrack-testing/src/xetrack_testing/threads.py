"""Threads that start at the same moment, for tests of things that threads share."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["run_together"]

Result = TypeVar("Result")


def run_together(*functions: Callable[[], Result]) -> list[Result]:
    """Run each function in a thread of its own, and return their results in order.

    No function is called before all threads are running. Raises the first exception that a function raised.
    """
    start = threading.Barrier(len(functions))

    def run(function: Callable[[], Result]) -> Result:
        start.wait()
        return function()

    with ThreadPoolExecutor(len(functions)) as pool:
        return [future.result() for future in [pool.submit(run, function) for function in functions]]
