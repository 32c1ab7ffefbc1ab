"""One call at a time: other threads wait for it, and so does what comes in the middle of a call of their own thread.

A handler of signals runs in the middle of whatever is under way, and so does a `__del__` when garbage is collected.
If it logs, or closes a tracker of the same file, it can neither go into a transaction that is half done nor wait for
it: that goes on only when the handler has returned. So what it asks for is done right after the call it came into.
"""

import weakref
from collections import deque
from collections.abc import Callable, Iterator
from functools import lru_cache
from threading import get_ident

from xetrack._util.forksafe import new_lock, renew_in_children
from xetrack._util.interrupts import block
from xetrack._util.text import explain

__all__ = ["Turns"]

_MORE = 100  # that what was put off may put off itself, and so on: it may be without an end


class Turns:
    """The calls of one tracker of a file. `warn(about, message)` hears of what was put off and then failed."""

    def __init__(self, db: str, warn: Callable[[str, str], None]) -> None:
        self.lock = new_lock()
        self.busy: set[int] = set()  # threads in the middle of a call
        self.of_file = _files().join(db, self)
        self.later: deque[Callable[[], object]] = deque()
        self._warn = warn
        self._catching_up: set[int] = set()  # threads
        renew_in_children(self)

    def under_way(self) -> "Turns | None":
        """The calls among which is one that this thread is in the middle of, on this file."""
        me = get_ident()
        return next((each for each in tuple(self.of_file) if me in each.busy), None)  # others come and go

    @block
    def call(self) -> Iterator[None]:
        """Let nobody else write until the end of the block."""
        with self.reading(), self.lock:
            yield

    @block
    def reading(self) -> Iterator[None]:
        """Let this thread do nothing else until the end of the block."""
        me = get_ident()
        if me in self.busy:
            yield
            return
        try:
            try:
                self.busy.add(me)
                yield
            finally:
                self.busy.discard(me)
        finally:
            if self.later:
                self.catch_up()

    def put_off(self, what: Callable[[], object]) -> None:
        """Have something done after the call that is under way."""
        self.later.append(what)

    def catch_up(self) -> None:
        """Do what was put off; what is put off by that comes after it."""
        me = get_ident()
        if me in self._catching_up:
            return
        self._catching_up.add(me)
        try:
            for _ in range(len(self.later) + _MORE):
                if not self._do_next():
                    break
        finally:
            self._catching_up.discard(me)

    def _do_next(self) -> bool:
        try:
            what = self.later.popleft()
        except IndexError:  # nothing left, or another thread was quicker
            return False
        try:
            what()
        except Exception as error:
            failure = explain(error)
            message = f"what was asked for in the middle of another call, by a signal or __del__, failed: {failure}"
            self._warn(f"put off {failure}", message)
        return True

    def leave(self) -> None:
        """The tracker was closed."""
        if self in self.of_file:
            self.of_file.remove(self)
        self.catch_up()  # to tell what was never done

    def _at_fork_reinit(self) -> None:
        self.later.clear()  # the parent does it
        self._catching_up.clear()
        self.busy &= {get_ident()}


class _Trackers(list[Turns]):
    """Those of one file in this process. Unlike a list, it can be held weakly."""


class _Files:
    """The files that trackers of this process have open."""

    def __init__(self) -> None:
        self._lock = new_lock()
        self._open: weakref.WeakValueDictionary[str, _Trackers] = weakref.WeakValueDictionary()

    def join(self, db: str, one: Turns) -> _Trackers:
        """Add one more to those of a file."""
        with self._lock:
            trackers = self._open.setdefault(db, _Trackers())
            trackers.append(one)
        return trackers


_files = lru_cache(maxsize=1)(_Files)
