"""One store, used by several processes at once."""

from contextlib import closing
from pathlib import Path
from typing import Any

from xetrack.plugin import Row, Value
from xetrack_testing.engine.feed import Follower
from xetrack_testing.engine.fixtures import EngineFixtures, Opener
from xetrack_testing.remote_call import (
    pause,
    remote_result,
    resume,
    run_in_processes,
    started,
    wait_for_pause,
)
from xetrack_testing.rows import TABLE, exact, make_row, rows_of, stamp

__all__ = ["ProcessesContract"]

_PROCESSES = 4
_ROWS = 100


class ProcessesContract(EngineFixtures):
    """Processes share a store. Requires `processes`."""

    def test_processes_that_race_for_columns_lose_nothing(self, opener: Opener, tmp_path: Path) -> None:
        """They create the table and add columns, some of the same name and other types. Every row is exact."""
        self.require("processes")
        run_in_processes(_PROCESSES, self.log_new_columns, str(tmp_path))
        found = rows_of(opener().read(TABLE))
        for process in range(_PROCESSES):
            mine = [row for row in found if row["track_id"] == f"run-{process}"]
            assert exact(mine) == exact([_row(process, number) for number in range(_ROWS)])
        assert len(found) == _PROCESSES * _ROWS

    def log_new_columns(self, place: str, process: int) -> None:
        """Runs in another process: log rows, every tenth with two new keys."""
        with closing(self.open(Path(place))) as engine:
            pause()
            for number in range(_ROWS):
                engine.append(TABLE, [_row(process, number)])

    def test_processes_that_log_the_same_times_lose_nothing(self, opener: Opener, tmp_path: Path) -> None:
        """Each row gets a timestamp of its own, and its process learns which."""
        self.require("processes")
        told = run_in_processes(_PROCESSES, self.log_same_times, str(tmp_path))
        times = [row["timestamp"] for row in rows_of(opener().read(TABLE))]
        assert sorted(times, key=str) == [stamp(number) for number in range(_PROCESSES * 50)]
        assert sorted(time for each in told for time in each) == sorted(times, key=str)

    def log_same_times(self, place: str, process: int) -> list[Any]:
        """Runs in another process: log rows that clash with those of the others, and return their times."""
        with closing(self.open(Path(place))) as engine:
            pause()
            rows = [make_row(number, {"process": process}) for number in range(50)]
            for row in rows:
                engine.append(TABLE, [row])
            return [row["timestamp"] for row in rows]

    def test_processes_merge_each_row_once(self, opener: Opener, tmp_path: Path) -> None:
        """Of all that merge the same rows, one is told that a row was new."""
        self.require("processes")
        fresh = run_in_processes(_PROCESSES, self.merge_same_rows, str(tmp_path))
        assert sorted(number for each in fresh for number in each) == list(range(_ROWS))
        assert opener().count(TABLE) == _ROWS

    def merge_same_rows(self, place: str, process: int) -> list[Any]:
        """Runs in another process: merge rows in batches, and return which were new."""
        rows = [make_row(number, {"n": number, "process": process}) for number in range(_ROWS)]
        fresh: list[Row] = []
        with closing(self.open(Path(place))) as engine:
            pause()
            for start in range(0, _ROWS, 10):
                fresh += engine.merge(TABLE, rows[start : start + 10])
        return [row["n"] for row in fresh]

    def test_a_stored_row_is_visible_to_other_processes(self, opener: Opener, tmp_path: Path) -> None:
        """Once `append` has returned, though the engine is still open."""
        self.require("processes")
        with started(self.log_and_wait, str(tmp_path)) as process:
            wait_for_pause(process)
            assert rows_of(opener().read(TABLE)) == [make_row(0)]
            resume(process)
            remote_result(process)

    def log_and_wait(self, place: str) -> None:
        """Runs in another process: log a row, and keep the engine open."""
        with closing(self.open(Path(place))) as engine:
            engine.append(TABLE, [make_row(0)])
            pause()

    def test_an_open_transaction_is_invisible_to_other_processes(self, opener: Opener, tmp_path: Path) -> None:
        """Its rows are there once it has ended, and the change feed returns them."""
        self.require("processes")
        engine = opener()
        engine.append(TABLE, [make_row(0)])
        with started(self.wait_in_transaction, str(tmp_path)) as process:
            wait_for_pause(process)
            follower = Follower().update(engine)
            assert (engine.count(TABLE), len(follower.rows)) == (1, 1)
            resume(process)
            remote_result(process)
        assert (engine.count(TABLE), engine.tables()) == (2, [TABLE])
        assert follower.update(engine).is_equal(engine)

    def wait_in_transaction(self, place: str) -> None:
        """Runs in another process: log a row in a transaction, and keep it open."""
        with closing(self.open(Path(place))) as engine, engine.transaction():
            engine.append(TABLE, [make_row(1, {"new": 1})])
            pause()

    def test_a_feed_of_several_writers_leaves_no_row_out(self, opener: Opener, tmp_path: Path) -> None:
        """However their transactions end in between."""
        self.require("processes")
        engine, follower = opener(), Follower()
        writers = [started(self.log_new_columns, str(tmp_path), number) for number in range(2)]
        with writers[0] as one, writers[1] as two:
            for process in (one, two):
                wait_for_pause(process)
            for process in (one, two):
                resume(process)
            while one.poll() is None or two.poll() is None:
                follower.update(engine)
            for process in (one, two):
                remote_result(process)
        assert follower.update(engine).is_equal(engine)
        assert len(follower.rows) == 2 * _ROWS


def _row(process: int, number: int) -> Row:
    values: list[Value] = [1, "text", 0.5, True]
    tens = number // 10
    return make_row(
        number, {"n": number, f"own-{process}-{tens}": number, f"all-{tens}": values[process]}, run=f"run-{process}"
    )
