"""A tracker and a reader of a file against plain lists: whatever is done, both engines tell what the lists tell."""

import pickle
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from xetrack import Reader, Tracker
from xetrack.errors import TableNotFoundError
from xetrack_testing import PATIENCE, Processes, exact

sys.path.insert(0, str(Path(__file__).parent))

from fuzzing import few

TABLES = st.sampled_from(["events", "events", "other table"])
RUNS = st.sampled_from(["run-1", "run-2", "run-3"])
KEYS = st.sampled_from(["a", "A", "b", "train/loss", 'quo"te', "_rowid_", "日本"])
VALUES = st.sampled_from(
    [None, True, False, 0, 1, -1, 2**62, 1.0, 0.5, -0.0, float("nan"), float("inf"), "", "1", "x\0y", b"", b"\xff", [1]]
)
EVENTS = st.dictionaries(KEYS, VALUES, max_size=3)

KILLED = """
import os, sys, pickle
from xetrack import Tracker
db, engine, table, run, events = pickle.loads(bytes.fromhex(sys.argv[1]))
tracker = Tracker(db, engine=engine, table=table, track_id=run)
for event in events:
    print(tracker.log(event)["timestamp"], flush=True)
with tracker.engine.transaction():
    tracker.log({"never": 1})
    os.kill(os.getpid(), 9)
"""


class _ChangedMindError(Exception):
    """Ends a transaction that is to be undone."""


class Machine(RuleBasedStateMachine):
    """The file as a dict of lists of rows: table to rows, in the order of insertion."""

    engine = "sqlite"

    def __init__(self):
        super().__init__()
        self.folder = tempfile.mkdtemp()
        self.db = Path(self.folder) / "track.db"
        self.rows = {}
        self.trackers = {}
        self.params = {}

    def teardown(self):
        for tracker in self.trackers.values():
            tracker.close()
        shutil.rmtree(self.folder)

    def tracker(self, table, run):
        if (table, run) not in self.trackers:
            self.trackers[table, run] = Tracker(self.db, engine=self.engine, table=table, track_id=run)
            self.params[table, run] = {}
        return self.trackers[table, run]

    def add(self, table, run, events, logged):
        kept = self.rows.setdefault(table, [])
        for event, row in zip(events, logged, strict=True):
            want = {**self.params[table, run], **event, "track_id": run, "timestamp": row["timestamp"]}
            assert exact([row]) == exact([want])
            kept.append(want)

    @rule(table=TABLES, run=RUNS, event=EVENTS)
    def log(self, table, run, event):
        tracker = self.tracker(table, run)
        self.add(table, run, [event], [tracker.log(event)])
        assert exact([tracker.latest]) == exact(self.rows[table][-1:])

    @rule(table=TABLES, run=RUNS, events=st.lists(EVENTS, max_size=4))
    def log_batch(self, table, run, events):
        logged = self.tracker(table, run).log_batch(events)
        if events:
            self.add(table, run, events, logged)

    @rule(table=TABLES, run=RUNS, params=EVENTS)
    def set_params(self, table, run, params):
        self.tracker(table, run).set_params(params)
        self.params[table, run] |= params

    @rule(table=TABLES, run=RUNS, key=KEYS, value=VALUES)
    def set_value(self, table, run, key, value):
        mine = [row for row in self.rows.get(table, []) if row["track_id"] == run]
        assert self.tracker(table, run).set_value(key, value) == len(mine)
        for row in mine:
            row[key] = value

    @rule(table=TABLES, run=RUNS, event=EVENTS, wrong=st.sampled_from(["timestamp", "track_id", ""]))
    def fail_in_a_batch(self, table, run, event, wrong):
        with pytest.raises((ValueError, TypeError)):
            self.tracker(table, run).log_batch([event, {wrong: 1} if wrong else {1: 1}])

    @rule(table=TABLES, run=RUNS, event=EVENTS)
    def fail_in_a_transaction(self, table, run, event):
        tracker = self.tracker(table, run)
        row = {**event, "new": 1, "track_id": run, "timestamp": "2026-01-01 00:00:00.000000"}
        row = {key: value for key, value in row.items() if not isinstance(value, list)}
        with suppress(_ChangedMindError), tracker.engine.transaction():
            tracker.engine.append(table, [row])
            raise _ChangedMindError

    @precondition(lambda self: self.db.exists())
    @rule(table=TABLES, run=RUNS)
    def delete_run(self, table, run):
        kept = self.rows.get(table, [])
        left = [row for row in kept if row["track_id"] != run]
        if table not in self.rows and (self.rows or table != "events"):
            with pytest.raises(TableNotFoundError):
                Reader(self.db, self.engine, table)
            return
        with Reader(self.db, self.engine, table) as reader:
            assert reader.delete_run(run) == len(kept) - len(left)
        kept[:] = left

    @precondition(lambda self: self.trackers)
    @rule(data=st.data())
    def close(self, data):
        chosen = data.draw(st.sampled_from(sorted(self.trackers)))
        self.trackers.pop(chosen).close()
        del self.params[chosen]

    @rule(table=TABLES, run=RUNS, events=st.lists(EVENTS, min_size=1, max_size=2), data=st.sampled_from(range(6)))
    def be_killed(self, table, run, events, data):
        """A process of its own logs, and is killed in the middle of a transaction."""
        if data:  # a process takes as long as fifty other steps
            return
        told = pickle.dumps((str(self.db), self.engine, table, run, events)).hex()
        with Processes() as processes:
            process = processes.start(KILLED, told)
            out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == -9, err
        stamps = out.splitlines()
        assert len(stamps) == len(events)
        self.rows.setdefault(table, []).extend(
            {**event, "track_id": run, "timestamp": stamp} for event, stamp in zip(events, stamps, strict=True)
        )

    @precondition(lambda self: self.db.exists())
    @rule()
    def lose_power_of_the_process(self):
        """Copies of the files of this moment hold every row: as if all processes had been killed now."""
        with tempfile.TemporaryDirectory() as folder:
            for name in ("track.db", "track.db-wal"):  # a subprocess copies: closing a file here would drop our locks
                if (Path(self.folder) / name).exists():
                    with Processes() as processes:
                        processes.run(
                            "import shutil, sys; shutil.copy(*sys.argv[1:])", Path(self.folder) / name, folder
                        )
            self.check(Path(folder) / "track.db")

    @invariant()
    def agrees(self):
        if self.db.exists():
            self.check(self.db)

    def check(self, db):
        for table, rows in self.rows.items():
            with Reader(db, self.engine, table) as reader:
                assert exact(list(reader)) == exact(rows)
                assert len(reader) == len(rows)
                latest = {row["track_id"]: place for place, row in enumerate(rows)}
                newest = sorted(latest, key=latest.get, reverse=True)
                runs = reader.list_runs()
                assert [run["track_id"] for run in runs] == newest
                assert [run["rows"] for run in runs] == [sum(row["track_id"] == run for row in rows) for run in newest]
                if rows and self.engine == "duckdb":
                    found = reader.conn.execute(f'SELECT track_id FROM db."{table}"').fetchall()
                    assert sorted(found) == sorted((row["track_id"],) for row in rows)


def do_each_once(machine):
    """Every rule but `close`: by chance alone, some would be left out in some runs."""
    events = [{"a": 1}, {"b": "x"}]
    machine.log("events", "run-1", {"a": 1})
    for do, *arguments in (
        (machine.log_batch, events),
        (machine.set_params, {"b": 2}),
        (machine.set_value, "a", 0.5),
        (machine.fail_in_a_batch, {"a": 3}, "track_id"),
        (machine.fail_in_a_transaction, {"a": 4}),
        (machine.be_killed, events, 0),
        (machine.delete_run,),
        (machine.be_killed, events, 0),
    ):
        do("events", "run-1", *arguments)
        machine.agrees()
    machine.lose_power_of_the_process()
    assert len(machine.rows["events"]) == len(events)


@pytest.fixture(params=["sqlite", pytest.param("duckdb", marks=pytest.mark.fuzz)])
def engine(request):
    return request.param


@pytest.fixture
def chosen(engine):
    """The machine with this engine."""
    return type("Chosen", (Machine,), {"engine": engine})


def test_each_operation_leaves_both_with_the_same_rows(chosen):
    machine = chosen()
    try:
        do_each_once(machine)
    finally:
        machine.teardown()


@pytest.mark.fuzz
def test_operations_in_any_order_leave_both_with_the_same_rows(chosen, engine):
    run_state_machine_as_test(chosen, settings=settings(few(6 if engine == "sqlite" else 2), stateful_step_count=20))
