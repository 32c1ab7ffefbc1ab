"""Rows of the table about SQL: DuckDB over its copy beside SQLite itself."""

import sqlite3
from contextlib import closing
from shutil import copyfile

from benchmarks.rounds import Row, interleaved, python, timed
from benchmarks.workload import PARAMS, events, fill
from xetrack import Reader, Tracker

GROUPS = "SELECT {0}, avg(accuracy), max(loss), count(*) FROM {1} GROUP BY {0}"
_COLD = """
import sys, time, duckdb, numpy, pandas
from xetrack import Reader
with Reader(sys.argv[1], engine="duckdb") as reader:
    conn = reader.conn
    conn.execute(f"SET threads = {sys.argv[2]}")
    start = time.perf_counter()
    conn.execute("SELECT count(*) FROM db.events").fetchall()
    print(time.perf_counter() - start)
"""
_WIDE = """
import sys, time, duckdb, numpy, pandas
from xetrack import Reader
with Reader(sys.argv[1], engine=sys.argv[2]) as reader:
    start = time.perf_counter()
    reader.to_df() if sys.argv[2] == "sqlite" else reader.conn.execute(sys.argv[3]).df()
    print(time.perf_counter() - start)
"""
_FLOOR = """
import sys, time, duckdb, numpy, pandas
rows, keys = int(sys.argv[1]), int(sys.argv[2])
arrays = {f"key{key}": key / numpy.arange(1.0, rows + 1) for key in range(keys)}
columns = ", ".join(f"{key} DOUBLE" for key in arrays)
with duckdb.connect() as conn:
    start = time.perf_counter()
    conn.execute(f"CREATE TABLE events ({columns})")
    conn.register("arrays", arrays)
    conn.execute("INSERT INTO events FROM arrays")
    conn.execute("SELECT * FROM events").df()
    print(time.perf_counter() - start)
"""
_READ = """
import sys, time, sqlite3, pandas
connection = sqlite3.connect(sys.argv[1])
start = time.perf_counter()
pandas.read_sql_query("SELECT * FROM events", connection)
print(time.perf_counter() - start)
"""


def cold(sizes, folder):
    path = fill(folder / "frame.db", sizes.frame, max(1, sizes.frame // 1000))
    yield Row(
        f"duckdb: first query of {sizes.frame:,} rows × 6, one thread; bare: pandas.read_sql_query",
        *interleaved(sizes.frame_rounds, lambda: float(python(_COLD, path, 1)), lambda: float(python(_READ, path))),
    )


def wide(sizes, folder):
    """Query tables with more keys than SQLite has columns, by name and all.

    DuckDB alone, which starts from arrays, shows its floor for all.
    """
    for rows, keys in ((2, 10 * sizes.columns), (sizes.columns, 5 * sizes.columns)):
        path = folder / f"wide-{rows}.db"
        with Tracker(path) as tracker:
            tracker.log_batch([{f"key{key}": key / (row + 1) for key in range(keys)} for row in range(rows)])
        named = f"SELECT key0, key1, key{keys - 1} FROM db.events"
        few, every, sqlite, alone = interleaved(
            sizes.frame_rounds,
            lambda path=path, named=named: float(python(_WIDE, path, "duckdb", named)),
            lambda path=path: float(python(_WIDE, path, "duckdb", "SELECT * FROM db.events")),
            lambda path=path: float(python(_WIDE, path, "sqlite")),
            lambda rows=rows, keys=keys: float(python(_FLOOR, rows, keys)),
        )
        size = f"{rows:,} rows × {keys:,}"
        yield Row(f"duckdb: first query of 3 keys of {size}; bare: our to_df() with SQLite", few, sqlite, limit=3)
        yield Row(f"duckdb: first SELECT * of {size}; bare: our to_df() with SQLite", every, sqlite)
        yield Row(f"duckdb alone: create, insert, select {size}; bare: our to_df() with SQLite", alone, sqlite)


def groups(sizes, folder):
    path = fill(folder / "frame.db", sizes.frame, max(1, sizes.frame // 1000))
    with Reader(path, engine="duckdb") as reader, closing(sqlite3.connect(path)) as bare:
        for key in ("epoch", "model", "track_id"):  # of the last one SQLite has an index
            ours, theirs = GROUPS.format(key, "db.events"), GROUPS.format(key, "events")
            yield Row(
                f"duckdb: GROUP BY {key} over {sizes.frame:,} rows, in sync; bare: sqlite3",
                *interleaved(
                    sizes.rounds,
                    lambda ours=ours: timed(lambda: reader.conn.execute(ours).fetchall()),
                    lambda theirs=theirs: timed(lambda: bare.execute(theirs).fetchall()),
                ),
                limit=0.1,
            )


def sync(sizes, folder):
    """Change rows behind a reader's back: compare a count that has to copy them with one that need not."""
    path = copyfile(fill(folder / "frame.db", sizes.frame, max(1, sizes.frame // 1000)), folder / "sync.db")
    with Tracker(path, PARAMS) as writer, Reader(path, engine="duckdb") as reader:

        def count():
            return timed(lambda: reader.conn.execute("SELECT count(*) FROM db.events").fetchall())

        def after(change):
            change()
            return count()

        count()
        oldest = reader.conn.execute("SELECT track_id FROM db.events LIMIT 1").fetchone()[0]
        for what, change, limit in (
            ("1,000 new rows", lambda: writer.log_batch(events(1000)), 0.03),
            ("set_value() of the run that logs", lambda: writer.set_value("epoch", 1), None),
            ("set_value() of the oldest run", lambda: reader.set_value("epoch", 1, oldest), None),
        ):
            yield Row(
                f"duckdb: {what} beside {sizes.frame:,}, until seen; bare: nothing new",
                *interleaved(min(sizes.rounds, 9), lambda change=change: after(change), count),
                limit=limit,
                difference=True,
            )


def logging(sizes, folder):
    paths = [folder / f"{engine}-log.db" for engine in ("duckdb", "sqlite")]
    with Tracker(paths[0], PARAMS, engine="duckdb") as ours, Tracker(paths[1], PARAMS) as bare:
        made = events(sizes.logs)

        def log(tracker):
            return timed(lambda: [tracker.log(event) for event in made]) / sizes.logs

        log(ours)
        ours.conn.execute("SELECT count(*) FROM db.events").fetchall()
        yield Row(
            "log() with engine='duckdb'; bare: our log() with SQLite",
            *interleaved(sizes.rounds, lambda: log(ours), lambda: log(bare)),
            limit=1.1,
        )
