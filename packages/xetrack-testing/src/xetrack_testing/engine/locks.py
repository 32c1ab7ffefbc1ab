"""Waiting for a lock that another process holds ends within the engine's timeout."""

import time
from contextlib import closing
from pathlib import Path

import pytest

from xetrack.errors import DatabaseLockedError
from xetrack_testing.engine.fixtures import EngineFixtures, Opener, stored
from xetrack_testing.remote_call import pause, remote_result, resume, started, wait_for_pause
from xetrack_testing.rows import TABLE, exact, make_row

__all__ = ["LocksContract"]


class LocksContract(EngineFixtures):
    """Lock timeouts. Requires `processes`, `name` and `impatient`."""

    def test_a_lock_that_stays_taken_raises_locked_error(self, opener: Opener, tmp_path: Path) -> None:
        """Nothing of the call is stored, and the engine works once the lock is free."""
        for capability in ("processes", "name", "impatient"):
            self.require(capability)
        engine = opener()
        engine.append(TABLE, [make_row(0, {"n": 0})])
        with closing(self.open_as_user(tmp_path, **self.impatient)) as waiting:
            with started(self.hold_a_lock, str(tmp_path)) as process:
                wait_for_pause(process)
                began = time.monotonic()
                with pytest.raises(DatabaseLockedError):
                    waiting.append(TABLE, [make_row(1, {"n": 1})])
                with pytest.raises(DatabaseLockedError), waiting.transaction():
                    waiting.update(TABLE, "n", 9)
                assert time.monotonic() - began < self.patience, "it waited for longer than `impatient` says"
                resume(process)
                remote_result(process)
            waiting.append(TABLE, [make_row(2, {"n": 2})])
        assert stored(engine) == exact([make_row(0, {"n": 7}), make_row(2, {"n": 2})])

    def hold_a_lock(self, place: str) -> None:
        """Runs in another process: change a row in a transaction, and keep it open."""
        with closing(self.open(Path(place))) as engine, engine.transaction():
            engine.update(TABLE, "n", 7, where=("n", 0))
            pause()
