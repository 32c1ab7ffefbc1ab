"""Rows of the table about copying from one database into another."""

from shutil import copyfile

import xetrack
from benchmarks.rounds import Row, interleaved, timed
from benchmarks.workload import events, fill
from xetrack import Tracker


def copy(sizes, folder):
    """Copy a file as a whole, and 1,000 rows more of a large file and of a small one."""
    rounds = min(sizes.rounds, 5)
    source = copyfile(fill(folder / "large.db", sizes.large, sizes.runs), folder / "copied.db")
    target = folder / "target.db"
    first = [timed(xetrack.copy, source, target)]
    yield Row(f"copy() of {sizes.large:,} rows; bare: copyfile", first, [timed(copyfile, source, folder / "bare.db")])
    few, few_target = folder / "few.db", folder / "few-target.db"
    yield Row(
        f"copy() of {sizes.copied:,} new rows of {sizes.large:,}; bare: of a new file",
        *interleaved(rounds, lambda: _more(source, target, sizes.copied), lambda: _more(few, few_target, sizes.copied)),
        limit=2,
    )


def _more(source, target, rows):
    with Tracker(source) as tracker:
        tracker.log_batch(events(rows))
    return timed(xetrack.copy, source, target)
