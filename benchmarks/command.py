"""`python benchmarks`: every benchmark, or those asked for, and their table."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import caching, copying, measuring, objects, querying, reading, sinking, starting, writing
from benchmarks.report import machine, table
from benchmarks.workload import FULL, QUICK, TINY

BENCHMARKS = {
    "log": writing.log,
    "log_batch": writing.log_batch,
    "to_df": reading.to_df,
    "track": writing.track,
    "cache": caching.hit,
    "cache_key": caching.key,
    "import": starting.importing,
    "first_row": starting.first_row,
    "large": writing.large,
    "wide": writing.wide,
    "runs": reading.runs,
    "indexing": reading.indexing,
    "opening": writing.opening,
    "copy": copying.copy,
    "object": objects.seen,
    "array": objects.array,
    "monitors": measuring.monitors,
    "jsonl": sinking.jsonl,
    "logs": sinking.logs,
    "duckdb_cold": querying.cold,
    "duckdb_wide": querying.wide,
    "duckdb_groups": querying.groups,
    "duckdb_sync": querying.sync,
    "duckdb_log": querying.logging,
    "command": starting.command,
}


def main():
    chosen = _arguments()
    sizes = replace(chosen.sizes, **({"rounds": chosen.rounds} if chosen.rounds else {}))
    rows = []
    with TemporaryDirectory(prefix="xetrack-benchmarks-", dir=chosen.folder) as folder:
        for name in chosen.only or BENCHMARKS:
            print(f"{name} ...", file=sys.stderr, flush=True)
            rows += BENCHMARKS[name](sizes, Path(folder))
    print(machine())
    print("Medians of interleaved rounds; the ratio is that of neighbours, and how far it spread.\n")
    print(table(rows))


def _arguments():
    parser = argparse.ArgumentParser(prog="python benchmarks", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.set_defaults(sizes=FULL)
    size.add_argument("--quick", dest="sizes", action="store_const", const=QUICK, help="smaller tables, fewer rounds")
    size.add_argument("--tiny", dest="sizes", action="store_const", const=TINY, help="only to see that it runs")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, metavar="NAME", help=f"of: {', '.join(BENCHMARKS)}")
    parser.add_argument("--rounds", type=int, help="how often each pair is measured, where that is cheap")
    parser.add_argument("--folder", type=Path, help="where the files go, to try another disk")
    return parser.parse_args()
