"""`with` blocks that Ctrl-C cannot leave half-entered."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import wraps
from threading import get_ident
from types import GeneratorType, TracebackType
from typing import Any, Generic, ParamSpec, TypeVar
from weakref import ref

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

    def __init__(self, steps: "GeneratorType[T, None, None]") -> None:
        self.steps = steps

    def __enter__(self) -> T:
        try:
            entered = next(self.steps)
            _open.setdefault(get_ident(), []).append(ref(self))
        except BaseException:
            self.steps.close()
            raise
        return entered

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        try:
            self._close_inner()
            if error is None:
                next(self.steps, None)
            else:
                self.steps.throw(error)
        except BaseException as raised:
            self.steps.close()
            if raised is not error:
                raise

    def _close_inner(self) -> None:
        """Close blocks inside this one that are still open: an interrupt came as Python called their `__exit__`."""
        mine = _open.get(get_ident(), [])
        while mine:
            block = mine.pop()()
            if block is self:
                return
            if block is not None and not block.steps.gi_running:  # else it is ending, and ends this one
                block.steps.close()


_open: dict[int, list[ref[_Block[Any]]]] = {}
"""The open blocks of each thread, the innermost last. Weak, since garbage collection closes a generator too."""
