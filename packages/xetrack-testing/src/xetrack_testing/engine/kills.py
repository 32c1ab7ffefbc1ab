"""A process may be killed at any moment."""

from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from xetrack.plugin import Row
from xetrack_testing.engine.fixtures import EngineFixtures, Opener
from xetrack_testing.remote_call import acknowledge, acknowledged, pause, started, wait_for_pause
from xetrack_testing.rows import TABLE, exact, make_row, rows_of

__all__ = ["KillsContract"]


class KillsContract(EngineFixtures):
    """`kill -9`. Requires `durable`."""

    @pytest.mark.parametrize("size", [1, 7], ids=["rows", "batches"])
    def test_what_was_stored_survives_a_kill(self, opener: Opener, tmp_path: Path, size: int) -> None:
        """Every row whose `append` has returned is there, exactly, and no part of a batch."""
        self.require("durable")
        with started(self.log_until_killed, str(tmp_path), size) as process:
            steps = acknowledged(process)
            assert [next(steps) for _ in range(30)] == list(range(30))
            process.kill()
            done = 30 + len(list(steps))
        found = rows_of(opener().read(TABLE))
        batches = len(found) / size
        # the last one may have been stored before it was acknowledged
        assert batches in {done, done + 1}, f"{done} batches of {size} were acknowledged, {batches} are stored"
        assert exact(found) == exact([row for step in range(int(batches)) for row in _batch(step, size)])

    def log_until_killed(self, place: str, size: int) -> None:
        """Runs in another process: log batches, and acknowledge each."""
        with closing(self.open(Path(place))) as engine:
            for step in count():
                engine.append(TABLE, _batch(step, size))
                acknowledge(step)

    def test_a_transaction_that_is_killed_leaves_no_trace(self, opener: Opener, tmp_path: Path) -> None:
        """Whoever comes next can write."""
        self.require("durable")
        with started(self.wait_in_a_transaction, str(tmp_path)) as process:
            wait_for_pause(process)
            process.kill()
            process.wait()
        engine = opener()
        assert engine.read(TABLE)["n"] == [0]
        assert (engine.tables(), "new" in engine.columns(TABLE)) == ([TABLE], False)
        engine.append(TABLE, [make_row(1, {"n": 1})])
        assert engine.read(TABLE)["n"] == [0, 1]

    def wait_in_a_transaction(self, place: str) -> None:
        """Runs in another process: log, then keep a transaction open."""
        with closing(self.open(Path(place))) as engine:
            engine.append(TABLE, [make_row(0, {"n": 0})])
            with engine.transaction():
                engine.append(TABLE, [make_row(1, {"new": 1})])
                engine.append("other", [make_row(0)])
                engine.update(TABLE, "n", 5)
                pause()


def _batch(step: int, size: int) -> list[Row]:
    data: Row = {"step": step, f"k{step % 40}": "x" * (step % 9)}
    return [make_row(step * size + number, {**data, "n": number}) for number in range(size)]
