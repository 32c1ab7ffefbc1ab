"""`with` blocks that Ctrl-C cannot leave half-entered."""

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from functools import wraps
from types import TracebackType
from typing import Generic, ParamSpec, TypeVar

__all__ = ["block"]

P = ParamSpec("P")
T = TypeVar("T")


def block(steps: Callable[P, Iterator[T]]) -> Callable[P, AbstractContextManager[T]]:
    """Like `contextlib.contextmanager`, but an interrupt while the block is entered or left closes the generator.

    With `contextmanager`, a KeyboardInterrupt just after the `yield` leaves the generator suspended until the traceback
    is gone, with its transaction open and its lock held. Rows written in between are lost.
    """

    @wraps(steps)
    def begin(*args: P.args, **kwargs: P.kwargs) -> "_Block[T]":
        return _Block(steps(*args, **kwargs))  # type: ignore[arg-type] # it is a generator

    return begin


class _Block(Generic[T]):
    """One `with` block over the two halves of a generator."""

    def __init__(self, steps: Generator[T, None, None]) -> None:
        self._steps = steps

    def __enter__(self) -> T:
        try:
            return next(self._steps)
        except BaseException:
            self._steps.close()
            raise

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        try:
            if error is None:
                next(self._steps, None)
            else:
                self._steps.throw(error)
        except BaseException as raised:
            self._steps.close()
            if raised is not error:
                raise
