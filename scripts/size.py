"""How calls grow with the size of the file: `uv run python scripts/size.py [ROWS ...]`, 10 million rows at the most.

Each line is a database of its own, made in a temporary folder (10 million rows take 2.5 GB) and removed. The times are
medians of a few calls; memory is the peak of a process of its own beyond what it has after its imports.
"""

import json
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from xetrack import Reader, Tracker

_FILL = """
INSERT INTO events (timestamp, track_id, model, loss, accuracy, epoch, note)
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :rows)
SELECT strftime('%Y-%m-%d %H:%M:%f', 1750000000 + i / 1000.0, 'unixepoch') || printf('%03d', i % 1000),
  'run-' || (i * :runs / :rows), 'resnet' || (i % 7), i / 3.0, i / 7.0, i % 100, printf('%.100c', 'x') FROM n
"""
_SHAPES = {
    "10 thousand rows, 10 runs": (10_000, 10, 0, 0),
    "1 million rows, 100 runs": (1_000_000, 100, 0, 0),
    "10 million rows, 100 runs": (10_000_000, 100, 0, 0),
    "10 million rows, 10,000 runs": (10_000_000, 10_000, 0, 0),
    "1 thousand rows, 1,000 columns": (1000, 10, 1000, 0),
    "10 thousand rows, 100,000 assets": (10_000, 10, 0, 100_000),
}


def make(db: Path, rows: int, runs: int, columns: int, assets: int) -> None:
    """A table of events, filled by SQLite itself where it is long."""
    with Tracker(db, track_id="first") as tracker:
        tracker.log({"model": "m", "loss": 0.5, "accuracy": 0.5, "epoch": 1, "note": "x"})
        if columns:
            tracker.log_batch([{f"c{number}": number + row for number in range(columns)} for row in range(rows)])
            rows = 0
        for start in range(0, assets, 1000):
            with tracker.engine.transaction():
                for number in range(start, start + 1000):
                    tracker.assets.insert(range(number, 2 * number + 5))
    if rows:
        with closing(sqlite3.connect(db)) as connection:
            connection.execute(_FILL, {"rows": rows, "runs": runs})
            connection.commit()
        for number in range(runs):  # each ends as a run of ours does, with a record of its last values
            with Tracker(db, track_id=f"run-{number}") as tracker:
                tracker.log({"loss": 0.5})


def timed(call: Callable[[], object], times: int = 3) -> float:
    """The median time of a call, in milliseconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1000


def measure(db: Path) -> dict[str, float]:
    """Each call, in milliseconds, and the peak of memory, in megabytes."""
    import pandas as pd  # noqa: F401 - its import is not what is measured

    found: dict[str, float] = {"size MB": db.stat().st_size / 1e6}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with Tracker(db, track_id="new") as tracker:
        tracker.log({"loss": 0.25})
        found["log()"] = timed(lambda: tracker.log({"loss": 0.25}), 200)
    with Tracker(db, track_id="new") as tracker:
        found["latest"] = timed(lambda: tracker.latest)
    with Reader(db) as reader:
        run = reader.engine.latest_run("events")
        found["Reader.latest()"] = timed(reader.latest)
        found["list_runs()"] = timed(reader.list_runs, 1)
        found["list_runs() again"] = timed(reader.list_runs, 1)
        first = "first" if run is None else str(reader.list_runs()[-2]["track_id"])
        found["to_df(track_id=)"] = timed(lambda: reader.to_df(track_id=first))
        found["head()"] = timed(reader.head)
        found["delete_run()"] = timed(lambda: reader.delete_run(first), 1)
    found["memory MB"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e3
    return found


def main() -> None:
    """Measure every shape, or those with at most as many rows as told."""
    if os.environ.get("XETRACK_MEASURE"):
        print(json.dumps(measure(Path(sys.argv[1]))))
        return
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    for shape, (rows, runs, columns, assets) in _SHAPES.items():
        if rows > most:
            continue
        with tempfile.TemporaryDirectory() as folder:
            db = Path(folder) / "track.db"
            make(db, rows, runs, columns, assets)
            done = subprocess.run(
                [sys.executable, __file__, str(db)],
                env={**os.environ, "XETRACK_MEASURE": "1"},
                stdout=subprocess.PIPE,
                check=True,
            )
        print(shape, {name: round(value, 2) for name, value in json.loads(done.stdout).items()}, flush=True)


if __name__ == "__main__":
    main()
