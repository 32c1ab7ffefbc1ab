"""Draws what `peers.json` holds: `python plot.py FILE.json FILE.png`, in an environment that has matplotlib."""

import json
import sys
from pathlib import Path
from statistics import median

import matplotlib as mpl

mpl.use("agg")
from matplotlib import pyplot as plt
from PIL import Image

sys.path.append(str(Path(__file__).resolve().parents[2]))
from benchmarks.report import spell

OURS, LIMIT, OTHER = "#0072b2", "#999999", "#e69f00"
PANELS = (
    ("log", "call", "log one event: call"),
    ("log", "durable", "log one event: until it is in a file"),
    ("batch", "durable", "batch, per event"),
    ("writers", "durable", "{writers} processes at once, per event"),
    ("once", "seconds", "a run of one event"),
    ("imported", "seconds", "import, in a new process"),
    ("all", "seconds", "read all events, an event"),
    ("run", "seconds", "read the events of one run"),
    ("leaderboard", "seconds", "read the last loss of every run, a run"),
    ("killed", "share", "lost by kill -9, logged as fast as it goes"),
    ("killed_slowly", "share", "lost by kill -9, logged 100 a second"),
    ("cached", "hit", "a hit of the cache, in another process"),
)
COLUMNS = 3


def main(source, target):
    comparison = json.loads(Path(source).read_text(encoding="utf-8"))
    panels = [each for each in PANELS if bars(comparison, *each[:2])]
    rows = -(-len(panels) // COLUMNS)
    figure, axes = plt.subplots(rows, COLUMNS, figsize=(15, 2.7 * rows), squeeze=False, layout="constrained")
    for panel, axis in zip(panels, axes.flat, strict=False):
        _draw(axis, comparison, *panel)
    for axis in axes.flat[len(panels) :]:
        axis.remove()
    measured = f"{comparison['date']}, {comparison['machine'].partition(';')[0]}"
    figure.suptitle(f"{measured}; shorter is better, each line is ten times the one before", fontsize=10)
    figure.savefig(target, dpi=80)
    Image.open(target).quantize(64).save(target, optimize=True)  # a third of the bytes


def bars(comparison, workload, name):
    """Title, kind and figure of each peer that has one."""
    found = []
    for peer, result in comparison["results"].get(workload, {}).items():
        if "failed" not in result and result["rounds"]:
            about = comparison["peers"][peer]
            found.append((about["title"], about["kind"], peer, median(_value(each, name) for each in result["rounds"])))
    return found


def _value(figures, name):
    return figures["lost"] / figures["acknowledged"] if name == "share" else figures[name]


def _draw(axis, comparison, workload, name, heading):
    titles, kinds, peers, values = zip(*reversed(bars(comparison, workload, name)), strict=True)
    colours = [_colour(kind, peer) for kind, peer in zip(kinds, peers, strict=True)]
    drawn = axis.barh(titles, values, color=colours)
    axis.bar_label(drawn, [f"{each:.0%}" if name == "share" else spell(each) for each in values], padding=3, fontsize=8)
    axis.set_title(heading.format(**comparison["sizes"]), fontsize=9)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
    if name == "share":
        axis.set_xlim(0, 1.15)
        axis.set_xticks([])
    else:
        axis.set_xscale("log")
        axis.set_xlim(min(values) / 3, max(values) * (max(values) / min(values)) ** 0.15 * 2)
        axis.grid(axis="x", color="#dddddd")
        axis.set_axisbelow(True)
        axis.xaxis.set_major_formatter(lambda value, _: spell(value).replace(".00", "").replace(".0", ""))


def _colour(kind, peer):
    return LIMIT if kind == "limit" else OURS if peer.startswith("ours") else OTHER


if __name__ == "__main__":
    main(*sys.argv[1:])
