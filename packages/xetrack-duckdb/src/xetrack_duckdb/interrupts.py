"""Queries that Ctrl-C stops.

Python handles signals in the main thread, between two steps of Python code, and DuckDB looks for them only now and
then. So a query runs in a thread of its own while the main thread waits for it. Where a handler of signals raises, the
wait ends, and the query is interrupted.
"""

import threading
import weakref
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeAlias

from xetrack.errors import XetrackError

__all__ = ["Worker"]

_LOOK = 0.1  # seconds between two looks for signals that the system handed to another thread
_AGAIN = 0.05  # seconds until a query that goes on is interrupted again: DuckDB forgets an interrupt before its start


class _Call:
    """A function to call, and what came of it."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function
        self.result: Any = None
        self.failure: BaseException | None = None
        self.done = threading.Lock()
        self.done.acquire()

    def __call__(self) -> None:
        try:
            self.result = self.function()
        except BaseException as error:
            self.failure = error
        finally:
            self.done.release()


_Calls: TypeAlias = "SimpleQueue[Callable[[], None] | None]"


def _work(calls: _Calls) -> None:
    """Make calls until there is None."""
    while (call := calls.get()) is not None:
        call()
        del call  # or else it would be held until the next one


class Worker:
    """Runs the queries of one connection, one at a time. Its thread ends with it."""

    def __init__(self, interrupt: Callable[[], object]) -> None:
        self._interrupt = interrupt
        self._calls: _Calls = SimpleQueue()
        self._is_started = False
        self._is_busy = False

    def run(self, function: Callable[[], Any]) -> Any:
        """Return what `function` returns; if a handler of signals raises meanwhile, interrupt it and raise that.

        Only the main thread handles signals: others call the function themselves.

        Raises:
            XetrackError: a handler of signals made this call in the middle of another one; DuckDB would wait forever.
        """
        if threading.current_thread() is not threading.main_thread():
            return function()
        if self._is_busy:
            raise XetrackError("this connection is running a query. In a signal handler, use conn.cursor().")
        if not self._start():
            return function()
        call = _Call(function)
        self._is_busy = True
        try:
            self._calls.put(call)
            try:
                while not call.done.acquire(timeout=_LOOK):
                    pass
            except BaseException:
                self._stop(call)
                raise
        finally:
            self._is_busy = False
        if call.failure is not None:
            try:
                raise call.failure
            finally:
                call.failure = None  # or else the traceback holds what it is part of
        return call.result

    def _stop(self, call: _Call) -> None:
        self._interrupt()
        while not call.done.acquire(timeout=_AGAIN):
            self._interrupt()

    def _start(self) -> bool:
        """Start the thread, if it is not yet there. False if the interpreter shuts down, and starts none any more."""
        if not self._is_started:
            thread = threading.Thread(target=_work, args=(self._calls,), name="xetrack-duckdb", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                return False
            self._is_started = True
            weakref.finalize(self, self._calls.put, None)
        return True
