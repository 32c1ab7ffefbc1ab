"""`python benchmarks peers`: xetrack and its peers at one workload, each in an environment of its own.

The tables are printed, and written into the folder of `--out` as peers.md, with a plot and every round's figures.
"""

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.peers import publish
from benchmarks.peers.bars import bars
from benchmarks.peers.environments import default_folder
from benchmarks.peers.failures import FailedError
from benchmarks.peers.harness import WORKLOADS, Comparison
from benchmarks.peers.measuring import FULL, QUICK, TINY
from benchmarks.peers.pins import pinned
from benchmarks.peers.report import report
from benchmarks.report import hardware


def main(words):
    chosen = _arguments(words)
    for comparison in _earlier(chosen.again) if chosen.again else _measured(chosen):
        if chosen.out:
            publish.save(comparison, chosen.out)  # again and again: a run that is stopped leaves what it has
    print(report(comparison))
    print(bars(comparison))
    try:
        if chosen.out and not chosen.here:
            publish.draw(chosen.out, chosen.environments)
        if chosen.write:
            publish.write(comparison, chosen.out)
    except FailedError as error:
        sys.exit(str(error))


def _earlier(file):
    yield json.loads(file.read_text(encoding="utf-8"))


def _measured(chosen):
    peers = {name: peer for name, peer in pinned().items() if name in (chosen.only or pinned())}
    sizes = replace(chosen.sizes, **({"rounds": chosen.rounds} if chosen.rounds else {}))
    loads = []
    with TemporaryDirectory(prefix="xetrack-peers-", dir=chosen.folder) as folder:
        comparison = Comparison(peers, chosen.workloads or WORKLOADS, sizes, Path(folder), _say)
        comparison.prepare(chosen.environments, chosen.here)
        for told in comparison.rounds():
            loads.append(_load())
            yield {"machine": f"{hardware()}; load {min(loads):.1f} to {max(loads):.1f}", **told}


def _load():
    """Processes that want a core, on average over the last minute."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


def _say(text):
    print(text, file=sys.stderr, flush=True)


def _arguments(words):
    parser = argparse.ArgumentParser(prog="python benchmarks peers", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.set_defaults(sizes=FULL)
    size.add_argument("--quick", dest="sizes", action="store_const", const=QUICK, help="fewer events, two rounds")
    size.add_argument("--tiny", dest="sizes", action="store_const", const=TINY, help="only to see that it runs")
    parser.add_argument("--only", nargs="+", choices=pinned(), metavar="PEER", help=f"of: {', '.join(pinned())}")
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, metavar="NAME", help=f"of: {', '.join(WORKLOADS)}")
    parser.add_argument("--rounds", type=int, help="how often everything is measured")
    parser.add_argument("--out", type=Path, help="a folder for the tables and the figures of every round")
    parser.add_argument("--folder", type=Path, help="where the stores go, to try another disk")
    parser.add_argument(
        "--environments",
        type=Path,
        default=default_folder(),
        help="where the peers are installed (default: %(default)s)",
    )
    parser.add_argument(
        "--here", action="store_const", const=Path(sys.executable), help="install nothing: this Python has the peers"
    )
    parser.add_argument("--write", action="store_true", help="put the tables and the plot of --out into docs/ as well")
    parser.add_argument("--again", type=Path, metavar="FILE", help="measure nothing: tables and plot of a peers.json")
    chosen = parser.parse_args(words)
    if chosen.write and (chosen.here or not chosen.out):
        parser.error("--write needs --out, and the peers' own environments")
    return chosen
