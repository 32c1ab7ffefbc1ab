"""Rows of the table about reading. Each time is taken in a fresh process: the memory of one must not help the other."""

import sqlite3
from contextlib import closing
from shutil import copyfile

from benchmarks.rounds import Row, interleaved, python, timed
from benchmarks.workload import fill
from xetrack import Reader
from xetrack.plugin import Run
from xetrack.sqlite import SqliteEngine

_OURS = """
import sys, time, pandas
from xetrack import Reader
with Reader(sys.argv[1]) as reader:
    start = time.perf_counter()
    frame = reader.to_df()
    print(time.perf_counter() - start)
assert len(frame) == int(sys.argv[2]), len(frame)
"""
_BARE = """
import sys, time, sqlite3, pandas
connection = sqlite3.connect(sys.argv[1])
start = time.perf_counter()
frame = pandas.read_sql_query("SELECT * FROM events", connection)
print(time.perf_counter() - start)
assert len(frame) == int(sys.argv[2]), len(frame)
"""


def to_df(sizes, folder):
    path = fill(folder / "frame.db", sizes.frame, max(1, sizes.frame // 1000))
    yield Row(
        f"to_df() of {sizes.frame:,} rows × 6; bare: pandas.read_sql_query",
        *interleaved(
            sizes.frame_rounds,
            lambda: float(python(_OURS, path, sizes.frame + 1)),
            lambda: float(python(_BARE, path, sizes.frame + 1)),
        ),
        limit=0.6,
    )


_POSITIONS = 200  # rows asked for by position in a round


def indexing(sizes, folder):
    path = fill(folder / "indexed.db", sizes.batch, 4)
    with Reader(path) as reader, closing(sqlite3.connect(path)) as connection:
        places = [place * len(reader) // _POSITIONS for place in range(_POSITIONS)]

        def bare():
            for place in places:
                connection.execute("SELECT * FROM events WHERE _rowid_ = ?", (place + 1,)).fetchone()

        yield Row(
            f"reader[i] of {sizes.batch:,} rows, {_POSITIONS} times; bare: SELECT by rowid",
            *interleaved(sizes.rounds, lambda: timed(lambda: [reader[place] for place in places]), lambda: timed(bare)),
        )
        yield Row(
            f"the same; bare: reader[0], {_POSITIONS} times",
            *interleaved(
                sizes.rounds,
                lambda: timed(lambda: [reader[place] for place in places]),
                lambda: timed(lambda: [reader[0] for _ in places]),
            ),
            limit=2,
        )


_GROUPS = "SELECT track_id, count(*), min(timestamp), max(timestamp) FROM events GROUP BY track_id"


def runs(sizes, folder):
    rounds = min(sizes.rounds, 5)
    large = fill(folder / "large.db", sizes.large, sizes.runs)
    scale = f"{sizes.runs:,} runs, {sizes.large:,} rows"
    yield Row(
        f"Reader.runs(), {scale}, no run closed; bare: GROUP BY",
        *interleaved(rounds, lambda: _runs(large), lambda: _groups(large)),
    )
    closed = close_runs(copyfile(large, folder / "closed.db"))
    yield Row(
        f"Reader.runs(), {scale}, all closed; bare: GROUP BY",
        *interleaved(rounds, lambda: _runs(closed), lambda: _groups(closed)),
    )
    fewer = close_runs(fill(folder / "fewer.db", max(sizes.large // 1000, sizes.runs), sizes.runs))
    yield Row(
        "the same; bare: our Reader.runs() of as many runs in a thousandth of the rows",
        *interleaved(rounds, lambda: _runs(closed), lambda: _runs(fewer)),
        limit=1.3,
    )
    many = close_runs(fill(folder / "many.db", sizes.runs * 10, sizes.runs * 10))
    yield Row(
        f"Reader.runs(limit=100) of {sizes.runs * 10:,} runs; bare: of {sizes.runs:,} runs",
        *interleaved(rounds, lambda: _runs(many, 100), lambda: _runs(fewer, 100)),
        limit=1.3,
    )


def _runs(path, limit=None):
    with Reader(path) as reader:
        return timed(lambda: reader.runs(limit=limit))


def _groups(path):
    with closing(sqlite3.connect(path)) as connection:
        return timed(lambda: connection.execute(_GROUPS).fetchall())


def close_runs(path):
    """Record every run that `fill` wrote, as the trackers of these runs would have."""
    engine = SqliteEngine(str(path))
    with closing(engine), engine.transaction():
        for run in engine.runs("events"):
            if run.status == "":
                began = Run(run.track_id, run.table, started=run.first, rows=run.rows, values=run.values)
                engine.save_run(began)
                began.ended, began.status = run.last, "finished"
                engine.finish_run(began)
    return path
