"""SQLite against the oracle: whatever is done to both, both tell the same."""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from xetrack.plugin import Engine, Json, MemoryEngine, Row, Value
from xetrack.sqlite import SqliteEngine
from xetrack_testing import check_round_trip, exact, keys, make_row, rows, rows_of, values

RUNS = ("run-1", "run-2")
TABLES = st.sampled_from(["events", "events", "other"])
# few enough that a `where` finds something
FEW = st.sampled_from(
    [None, True, False, 1, 1.0, 0, -0.0, "1", b"1", "[1]", Json("[1]"), float("nan"), float("inf"), ""]
)
KEYS = st.one_of(st.sampled_from(["a", "A", "b", "_rowid_", "key", ""]), keys())
BATCHES = st.lists(
    st.one_of(
        rows(runs=RUNS),
        st.builds(
            lambda number, data, run: make_row(number, data, run=run),
            st.integers(0, 12),
            st.dictionaries(st.sampled_from(["a", "A", "b"]), FEW, max_size=2),
            st.sampled_from(RUNS),
        ),
    ),
    max_size=6,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine fails no test
@given(st.lists(rows(), max_size=8))
def test_any_rows_come_back_from_sqlite(wanted):
    with closing(SqliteEngine(":memory:")) as engine:
        check_round_trip(engine, wanted)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])  # a busy machine fails no test
@given(st.lists(rows(), max_size=8))
def test_any_rows_come_back_from_the_oracle(wanted):
    with closing(MemoryEngine()) as engine:
        check_round_trip(engine, wanted)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine fails no test
@given(st.lists(st.builds(lambda value: make_row(0, {"x": value}), values()), min_size=1, max_size=12))
def test_any_types_share_one_column(wanted):
    with closing(SqliteEngine(":memory:")) as engine:
        check_round_trip(engine, wanted)


class _ChangedMindError(Exception):
    """Ends a transaction that is to be undone."""


def told(engine: Engine, table: str) -> list[object]:
    """Everything that an engine tells of a table, in a form that compares exactly."""
    read = rows_of(engine.read(table))
    runs = [
        (
            run.track_id,
            run.rows,
            run.first,
            run.last,
            *exact([{key: run.values[key] for key in run.values.keys() - _ID}]),
        )
        for run in engine.runs(table)
    ]
    return [exact(read), engine.count(table), engine.count(table, "run-1"), engine.latest_run(table), runs]


_ID = {"timestamp", "track_id"}


class Against(RuleBasedStateMachine):
    """A SQLite file and the oracle go through the same, and the file is closed and opened in between."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.oracle = MemoryEngine()
        self.engine = self.opened()

    def opened(self) -> SqliteEngine:
        return SqliteEngine(str(self.folder / "track.db"))

    def both(self, change: Callable[[Engine], object]) -> None:
        assert change(self.engine) == change(self.oracle)

    @rule(table=TABLES, batch=BATCHES)
    def append(self, table: str, batch: list[Row]) -> None:
        mine, theirs = ([dict(row) for row in batch] for _ in range(2))
        self.engine.append(table, mine)
        self.oracle.append(table, theirs)
        assert exact(mine) == exact(theirs)

    @rule(table=TABLES, batch=BATCHES)
    def merge(self, table: str, batch: list[Row]) -> None:
        self.both(lambda engine: engine.merge(table, [dict(row) for row in batch]))

    @rule(
        table=TABLES,
        key=KEYS,
        value=st.one_of(FEW, values()),
        run=st.sampled_from([None, *RUNS]),
        where=st.one_of(st.none(), st.tuples(KEYS, FEW)),
    )
    def update(self, table: str, key: str, value: Value, run: str | None, where: tuple[str, Value] | None) -> None:
        self.both(lambda engine: engine.update(table, key, value, track_id=run, where=where))

    @rule(table=TABLES, run=st.sampled_from(RUNS))
    def delete(self, table: str, run: str) -> None:
        self.both(lambda engine: engine.delete(table, run))

    @rule(table=TABLES)
    def drop(self, table: str) -> None:
        self.both(lambda engine: engine.drop(table))

    @rule(table=TABLES, batch=BATCHES, key=KEYS)
    def undo(self, table: str, batch: list[Row], key: str) -> None:
        for engine in (self.engine, self.oracle):
            with pytest.raises(_ChangedMindError), engine.transaction():  # noqa: PT012 - it is the end that raises
                engine.append(table, [dict(row) for row in batch])
                engine.update(table, key, 1)
                engine.delete(table, "run-1")
                raise _ChangedMindError

    @rule()
    def reopen(self) -> None:
        self.engine.close()
        self.engine = self.opened()

    @invariant()
    def tell_the_same(self) -> None:
        for table in ("events", "other"):
            assert told(self.engine, table) == told(self.oracle, table)

    def teardown(self) -> None:
        self.engine.close()
        shutil.rmtree(self.folder)


TestAgainstTheOracle = pytest.mark.fuzz(Against.TestCase)
TestAgainstTheOracle.settings = settings(
    max_examples=40,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    report_multiple_bugs=False,
)
