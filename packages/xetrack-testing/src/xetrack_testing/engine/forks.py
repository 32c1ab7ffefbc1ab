"""An engine that was opened before a fork serves both processes."""

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from xetrack.plugin import Engine
from xetrack_testing.engine.fixtures import EngineFixtures, Opener
from xetrack_testing.remote_call import remote_call
from xetrack_testing.rows import TABLE, make_row

__all__ = ["ForksContract"]

_ROWS = 50


_needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")


class ForksContract(EngineFixtures):
    """Forks. Requires `processes`."""

    @_needs_fork
    def test_a_forked_child_and_its_parent_both_write(self, opener: Opener, tmp_path: Path) -> None:
        """At once, each in its order. The child closes the engine, and the parent goes on."""
        self.require("processes")
        remote_call(self.log_around_a_fork, str(tmp_path))
        columns = opener().read(TABLE)
        found = list(zip(columns["side"], columns["n"], strict=True))
        assert [n for side, n in found if side == "child"] == list(range(_ROWS))
        assert [n for side, n in found if side == "parent"] == list(range(_ROWS))
        assert [n for side, n in found if side not in {"child", "parent"}] == [0, 1]

    def log_around_a_fork(self, place: str) -> None:
        """Runs in another process: log before a fork, on both sides, and afterwards."""
        with closing(self.open(Path(place))) as engine:
            engine.append(TABLE, [make_row(0, {"n": 0, "side": "before"})])
            wait = _forked(engine, lambda: self.log_from("child", engine))
            self.log_from("parent", engine)
            wait()
            engine.append(TABLE, [make_row(1, {"n": 1, "side": "after"})])

    @staticmethod
    def log_from(side: str, engine: Engine) -> None:
        """Log rows that name the side of the fork."""
        for number in range(_ROWS):
            engine.append(TABLE, [make_row(number, {"n": number, "side": side, side: True})])

    @_needs_fork
    def test_a_transaction_belongs_to_the_process_that_began_it(self, opener: Opener, tmp_path: Path) -> None:
        """A child that is forked inside, and closes the engine, neither commits it nor rolls it back."""
        self.require("processes")
        assert remote_call(self.fork_in_transaction, str(tmp_path)) == [1, 2]
        assert opener().read(TABLE)["n"] == [0, 1]

    def fork_in_transaction(self, place: str) -> list[int]:
        """Runs in another process: fork in a transaction; return how many rows there are for others, then at last."""
        with closing(self.open(Path(place))) as engine, closing(self.open(Path(place))) as other:
            engine.append(TABLE, [make_row(0, {"n": 0})])
            with engine.transaction():
                engine.append(TABLE, [make_row(1, {"n": 1})])
                _forked(engine, lambda: None)()
                meanwhile = other.count(TABLE)
            return [meanwhile, other.count(TABLE)]


def _forked(engine: Engine, act: Callable[[], Any]) -> Callable[[], None]:
    """Fork a child that acts and closes the engine. Return a function that waits for it."""
    child = os.fork()
    if not child:
        code = 1
        try:
            act()
            engine.close()
            code = 0
        finally:
            os._exit(code)  # end without running the parent's cleanup

    def wait() -> None:
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            raise AssertionError("the engine failed in the forked child")

    return wait
