"""Queries that Ctrl-C stops.

Python handles signals in the main thread, between two bytecode instructions. DuckDB checks for signals only in some
queries: a sort of 20 million rows ends before it notices Ctrl-C. So queries of the main thread run in a worker thread
while the main thread waits. If a signal handler raises, the wait ends and the query is interrupted.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from xetrack.errors import XetrackError

__all__ = ["Worker"]

# Seconds between checks for signals that the system delivered to another thread.
_CHECK = 0.1

# Seconds until a running query is interrupted again: DuckDB drops an interrupt that comes before the query starts.
_RETRY = 0.05


class Worker:
    """Runs the queries of one connection, one at a time."""

    def __init__(self, interrupt: Callable[[], object]) -> None:
        self._interrupt = interrupt
        self._pool = _pool()
        self._is_busy = False

    def run(self, function: Callable[[], Any]) -> Any:
        """Return `function()`. If a signal handler raises meanwhile, interrupt the query and raise that.

        Only the main thread handles signals; other threads call the function themselves.

        Raises:
            XetrackError: a signal handler used the connection that is running a query.
        """
        if threading.current_thread() is not threading.main_thread():
            return function()
        if self._is_busy:
            raise XetrackError("this connection is running a query. In a signal handler, use conn.cursor().")
        self._is_busy = True
        try:
            return self._wait(function)
        finally:
            self._is_busy = False

    def _wait(self, function: Callable[[], Any]) -> Any:
        try:
            future = self._pool.submit(function)
        except RuntimeError:
            # No thread can be started, as when the interpreter shuts down. The old pool may still hold the call.
            self._pool = _pool()
            return function()
        try:
            while not wait((future,), _CHECK).done:
                pass
        except BaseException:
            while not future.done():
                self._interrupt()
                wait((future,), _RETRY)
            raise
        return future.result()


def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "xetrack-duckdb")
