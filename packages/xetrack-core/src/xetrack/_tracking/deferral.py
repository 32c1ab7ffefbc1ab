"""Defer re-entrant calls.

A signal handler runs in the middle of whatever its thread is doing, and so does `__del__` when garbage is collected. If
one of them logs, or closes a tracker, during another xetrack call, it can neither join that call's open transaction nor
wait for it. So its call is queued, and runs right after the one that it interrupted.
"""

from collections import deque
from collections.abc import Callable, Iterator
from threading import get_ident
from typing import TypeAlias

from xetrack._util.forksafe import renew_in_children
from xetrack._util.interrupts import block
from xetrack._util.text import explain

__all__ = ["busy", "defer", "deferred", "exclusive", "run_deferred"]

Call: TypeAlias = Callable[[], object]
Warn: TypeAlias = Callable[[str, str], None]

_MORE = 100
"""Bound on deferred calls that defer again, as in a sink that logs."""

# By thread id: a `threading.local` takes twice as long, and every row passes here.
busy: set[int] = set()
"""Threads in the middle of a call."""

deferred: dict[int, deque[tuple[Call, Warn]]] = {}
"""Calls that threads deferred until then."""

_draining: set[int] = set()


def defer(call: Call, warn: Warn) -> None:
    """Run `call` after the one in progress; `warn(about, message)` reports a failure."""
    deferred.setdefault(get_ident(), deque()).append((call, warn))


@block
def exclusive() -> Iterator[None]:
    """Defer re-entrant calls of this thread until the end of the block."""
    me = get_ident()
    if me in busy:
        yield
        return
    try:
        try:
            busy.add(me)
            yield
        finally:
            busy.discard(me)
    finally:
        if deferred:
            run_deferred()


def run_deferred() -> None:
    """Run what this thread deferred, in order."""
    me = get_ident()
    queue = deferred.get(me)
    if queue is None or me in _draining:
        return
    try:
        _draining.add(me)
        for _ in range(len(queue) + _MORE):
            if not queue:
                break
            call, warn = queue.popleft()
            try:
                call()
            except Exception as error:
                failure = explain(error)
                what = "a call deferred from a signal handler or __del__"
                warn(f"deferred {failure}", f"{what} failed: {failure}")
    finally:
        _draining.discard(me)
        if not queue:
            deferred.pop(me, None)


class _InChild:
    """Only the forking thread survives; the parent runs its deferred calls."""

    def _at_fork_reinit(self) -> None:
        deferred.clear()
        _draining.clear()
        busy.intersection_update({get_ident()})


_in_child = _InChild()
renew_in_children(_in_child)
