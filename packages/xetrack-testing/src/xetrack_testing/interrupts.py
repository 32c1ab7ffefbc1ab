"""Call a signal handler in the middle of a long call, as Ctrl-C does."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["interrupting"]

_SECONDS = 0.05


@contextmanager
def interrupting() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Yield a function that arms a one-shot timer, whose signal handler calls what it is given.

    The timer counts processor time, so the call under test has begun. Use it in the main thread, where Python runs
    signal handlers, and on systems that have `signal.ITIMER_VIRTUAL`.

    Raises:
        AssertionError: At the end, if no handler was called.
    """
    handled: list[int] = []

    def arm(handle: Callable[[], object]) -> None:
        def handler(number: int, _: object) -> None:
            handled.append(number)
            handle()

        signal.signal(signal.SIGVTALRM, handler)
        signal.setitimer(signal.ITIMER_VIRTUAL, _SECONDS)

    before = signal.getsignal(signal.SIGVTALRM)
    try:
        yield arm
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    if not handled:
        raise AssertionError("no signal handler was called")
