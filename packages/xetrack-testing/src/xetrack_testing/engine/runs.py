"""Run records, and what is derived from the rows of a run."""

import os
import platform
import subprocess
import sys
from dataclasses import replace

import pytest

from xetrack.errors import ClosedError
from xetrack.plugin import Engine, Json, Row, Run, Value
from xetrack_testing.engine.derived_runs import last_values
from xetrack_testing.engine.fixtures import EngineFixtures, Opener
from xetrack_testing.rows import TABLE, exact, make_row, stamp

__all__ = ["RunsContract"]


_OFFSETS = (
    ("2026-03-28 12:00:00.000000", 3600),
    ("2026-03-29 03:00:00.000000", 7200),
    ("2026-03-28 22:30:00.000000", -14400),
)
"""Daylight saving time begins, then the machine travels west."""


def _run(track_id: str = "run-1", table: str = TABLE, *, pid: int = 1) -> Run:
    return Run(track_id, table, started=stamp(0), host="here", pid=pid, python="3.11.0", params={"p": 1})


def _ended(run: Run, status: str = "finished") -> Run:
    return replace(run, ended=stamp(99), status=status)


def _dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait(60)
    return process.pid


def _logged(engine: Engine, run: Run, *data: dict[str, Value], first: int = 0) -> None:
    """Log as a tracker does: record the run with its first row, in one transaction."""
    rows = [make_row(first + number, each, run=run.track_id) for number, each in enumerate(data)]
    with engine.transaction():
        engine.save_run(run)
        engine.append(run.table, rows)


class RunsContract(EngineFixtures):
    """`save_run`, `finish_run`, `runs`."""

    def test_a_run_combines_its_record_and_its_rows(self, engine: Engine) -> None:
        """Number of rows, first and last timestamp, and the last value of each key."""
        params: Row = {
            "text": "x",
            "nan": float("nan"),
            "list": Json("[1]"),
            "bytes": b"\0",
            "big": 2**63 - 1,
            "no": False,
        }
        _logged(engine, replace(_run(), params=params), {"x": 1, "y": "a"}, {"x": 2.5}, {"x": None, "": True})
        (run,) = engine.runs(TABLE)
        assert (run.track_id, run.table, run.status, run.started, run.ended) == (
            "run-1",
            TABLE,
            "running",
            stamp(0),
            None,
        )
        assert (run.host, run.pid, run.python) == ("here", 1, "3.11.0")
        assert exact([run.params]) == exact([params])
        assert (run.rows, run.first, run.last) == (3, stamp(0), stamp(2))
        assert [last_values(run)] == exact([{"x": 2.5, "y": "a", "": True}])

    def test_a_run_without_rows_is_not_listed(self, engine: Engine) -> None:
        """A tracker that logs nothing leaves no record."""
        engine.finish_run(_ended(_run()))
        engine.append(TABLE, [make_row(0, run="other")])
        assert [run.track_id for run in engine.runs(TABLE)] == ["other"]

    def test_a_limit_keeps_the_most_recently_active_runs(self, engine: Engine) -> None:
        """Ended or not, with the same content as in the whole list."""
        for number, track_id in enumerate("abca"):
            _logged(engine, _run(track_id), {"x": number}, first=number)
            if track_id != "b":
                engine.finish_run(replace(_ended(_run(track_id)), rows=1, values={"x": number}))
        everything = engine.runs(TABLE)
        assert [run.track_id for run in everything] == ["a", "c", "b"]
        for limit in range(5):
            assert engine.runs(TABLE, limit=limit) == everything[:limit]

    def test_some_runs_can_be_chosen(self, engine: Engine) -> None:
        """The most recently active first, without those that do not exist; also together with a limit."""
        for number, track_id in enumerate("abc"):
            _logged(engine, _run(track_id), {"x": number}, first=number)
        engine.finish_run(replace(_ended(_run("a")), rows=1, values={"x": 0}))
        engine.append(TABLE, [make_row(9, {"x": 9}, run="a")])
        everything = engine.runs(TABLE)
        assert engine.runs(TABLE, track_ids=["b", "unknown", "a"]) == [everything[0], everything[2]]
        assert engine.runs(TABLE, track_ids=["b", "a"], limit=1) == everything[:1]
        assert engine.runs(TABLE, track_ids=[]) == []

    def test_an_ended_run_has_its_status_and_end(self, engine: Engine) -> None:
        """Whether finished or failed."""
        for track_id, status in [("a", "finished"), ("b", "failed")]:
            _logged(engine, _run(track_id), {"x": 1})
            engine.finish_run(_ended(_run(track_id), status))
        assert [(run.track_id, run.status, run.ended) for run in engine.runs(TABLE)] == [
            ("b", "failed", stamp(99)),
            ("a", "finished", stamp(99)),
        ]

    def test_an_ended_run_follows_later_changes_of_its_rows(self, engine: Engine) -> None:
        """Updates, the deletion of another run, and later rows."""
        for track_id in "ab":
            _logged(engine, _run(track_id), {"x": 1}, {"x": 2})
            engine.finish_run(replace(_ended(_run(track_id)), rows=2, values={"x": 2}))
        engine.update(TABLE, "x", 5, track_id="a", where=("x", 2))
        engine.update(TABLE, "new", "text", track_id="b")
        values = {run.track_id: last_values(run) for run in engine.runs(TABLE)}
        assert [values["a"], values["b"]] == exact([{"x": 5}, {"x": 2, "new": "text"}])
        engine.append(TABLE, [make_row(7, {"x": 3}, run="a")])
        assert (engine.runs(TABLE)[0].rows, engine.runs(TABLE)[0].last) == (3, stamp(7))
        engine.delete(TABLE, "a")
        assert [run.track_id for run in engine.runs(TABLE)] == ["b"]

    def test_a_late_row_with_an_early_time_counts(self, engine: Engine) -> None:
        """Another process may share the run, with a slower clock."""
        _logged(engine, _run(), {"x": 1}, {"x": 2}, first=10)
        engine.finish_run(replace(_ended(_run()), rows=2, values={"x": 2}))
        engine.append(TABLE, [make_row(5, {"x": 3})])
        (run,) = engine.runs(TABLE)
        assert (run.rows, run.first, run.last, [last_values(run)]) == (3, stamp(5), stamp(11), exact([{"x": 3}]))

    def test_merged_rows_count(self, engine: Engine) -> None:
        """Even with earlier timestamps than existing rows."""
        _logged(engine, _run(), {"x": 1}, {"x": 2}, first=10)
        engine.finish_run(replace(_ended(_run()), rows=2, values={"x": 2}))
        engine.merge(TABLE, [make_row(0, {"y": 3})])
        (run,) = engine.runs(TABLE)
        assert (run.rows, run.first, [last_values(run)]) == (3, stamp(0), exact([{"x": 2, "y": 3}]))

    def test_a_resumed_run_keeps_its_start_and_continues(self, engine: Engine) -> None:
        """The record names the process that resumed it."""
        _logged(engine, _run(pid=1), {"x": 1})
        engine.finish_run(_ended(_run(pid=1)))
        _logged(engine, replace(_run(pid=2), started=stamp(50)), {"x": 2}, first=50)
        (run,) = engine.runs(TABLE)
        assert (run.started, run.ended, run.status, run.pid, run.rows) == (stamp(0), None, "running", 2, 2)

    def test_a_run_keeps_its_utc_offsets(self, engine: Engine) -> None:
        """`save_run` and `finish_run` add those that are new, in order of time."""
        offsets = _OFFSETS
        _logged(engine, replace(_run(), offsets=offsets[:1]), {"x": 1})
        assert engine.runs(TABLE)[0].offsets == offsets[:1]
        # a tracker passes all that it knows; another process of the run only what it has seen
        _logged(engine, replace(_run(), offsets=offsets[:2]), {"x": 2}, first=10)
        _logged(engine, replace(_run(), offsets=offsets[1:2]), {"x": 3}, first=15)
        assert engine.runs(TABLE)[0].offsets == offsets[:2]
        engine.finish_run(replace(_ended(_run()), offsets=offsets))
        assert engine.runs(TABLE)[0].offsets == offsets
        _logged(engine, _run(), {"x": 4}, first=30)
        assert engine.runs(TABLE)[0].offsets == offsets
        assert engine.runs(TABLE, track_ids=["run-1"], limit=1)[0].offsets == offsets

    def test_only_the_process_that_owns_a_run_ends_it(self, engine: Engine) -> None:
        """A process is ignored once another one has resumed the run."""
        _logged(engine, _run(pid=1), {"x": 1})
        _logged(engine, _run(pid=2), {"x": 2}, first=50)
        engine.finish_run(_ended(_run(pid=1)))
        assert [(run.status, run.ended, run.pid) for run in engine.runs(TABLE)] == [("running", None, 2)]
        engine.finish_run(_ended(_run(pid=2)))
        assert [run.status for run in engine.runs(TABLE)] == ["finished"]

    def test_a_run_of_a_live_process_is_running(self, engine: Engine) -> None:
        """So is one of another machine whose process id is not in use here."""
        _logged(engine, replace(_run("mine"), host=platform.node(), pid=os.getpid()), {"x": 1})
        _logged(engine, replace(_run("far"), host="another", pid=_dead_pid()), {"x": 1})
        assert [run.status for run in engine.runs(TABLE)] == ["running", "running"]

    def test_a_run_whose_process_is_gone_has_crashed(self, opener: Opener) -> None:
        """Its process ended, and the engine was closed, without `finish_run`. The run may be resumed."""
        run = replace(_run(), host=platform.node(), pid=_dead_pid())
        engine = opener()
        _logged(engine, run, {"x": 1})
        if self.durable:
            engine.close()
            engine = opener()
        assert [(run.status, run.ended, run.pid) for run in engine.runs(TABLE)] == [("crashed", None, run.pid)]
        _logged(engine, replace(run, pid=os.getpid()), {"x": 2}, first=50)
        assert [run.status for run in engine.runs(TABLE)] == ["running"]

    def test_a_run_has_a_record_in_each_table(self, engine: Engine) -> None:
        """Ending or deleting one record leaves the other."""
        for table in (TABLE, "other"):
            _logged(engine, _run(table=table), {"x": 1})
        engine.finish_run(_ended(_run()))
        assert [run.status for run in engine.runs("other")] == ["running"]
        engine.drop(TABLE)
        assert (engine.runs(TABLE), [run.table for run in engine.runs("other")]) == ([], ["other"])

    def test_a_deleted_run_starts_over(self, engine: Engine) -> None:
        """Nothing of the old record remains, also after a drop."""
        for forget in (lambda: engine.delete(TABLE, "run-1"), lambda: engine.drop(TABLE)):
            _logged(engine, replace(_run(), offsets=_OFFSETS), {"x": 1})
            forget()
            engine.append(TABLE, [make_row(0)])
            (run,) = engine.runs(TABLE)
            assert (run.status, run.started, run.params, run.offsets) == ("", None, {}, ())

    def test_a_rolled_back_run_has_no_record(self, engine: Engine) -> None:
        """The run and its first row share a transaction."""
        with pytest.raises(KeyboardInterrupt), engine.transaction():
            engine.save_run(_run())
            engine.append(TABLE, [make_row(0)])
            raise KeyboardInterrupt
        assert engine.runs(TABLE) == []
        engine.append(TABLE, [make_row(0)])
        assert [run.status for run in engine.runs(TABLE)] == [""]

    def test_default_and_events_share_their_runs(self, engine: Engine) -> None:
        """They are the same table."""
        _logged(engine, _run(table="default"), {"x": 1})
        engine.finish_run(_ended(_run(table="events")))
        assert [run.status for run in engine.runs("default")] == ["finished"]
        assert engine.runs("default") == engine.runs("events")

    def test_run_records_survive_reopening(self, opener: Opener) -> None:
        """With the same status, rows and values. Requires `durable`."""
        self.require("durable")
        first = opener()
        _logged(first, _run("a"), {"x": 1}, {"x": "2"})
        _logged(first, _run("b"), {"x": float("nan")}, first=20)
        first.finish_run(_ended(_run("a")))
        before = [(run.track_id, run.status, run.rows, last_values(run)) for run in first.runs(TABLE)]
        first.close()
        assert [(run.track_id, run.status, run.rows, last_values(run)) for run in opener().runs(TABLE)] == before

    @pytest.mark.parametrize("use", ["save_run", "finish_run"])
    def test_a_closed_engine_records_no_run(self, engine: Engine, use: str) -> None:
        """It raises `ClosedError`."""
        engine.append(TABLE, [make_row(0)])
        engine.close()
        with pytest.raises(ClosedError, match="closed"):
            getattr(engine, use)(_run())
