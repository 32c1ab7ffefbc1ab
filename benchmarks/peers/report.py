"""The tables, as Markdown that reads well in a terminal, too."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.peers.figures import figure, total
from benchmarks.report import spell

NOTHING = "n/a"


@dataclass(frozen=True)
class Column:
    """A workload's figure as a cell: `spell(result, limit's result)` gives its text."""

    heading: str
    workload: str
    spell: Callable


def times(name):
    """The median ratio to the limit's time, or the median time if there is no limit to compare with."""

    def cell(result, limit):
        known = figure(result, limit, name)
        return spell(known.middle) if known.ratio is None else _ratio(known.ratio)

    return cell


def _ratio(ratio):
    return f"{ratio:.{0 if ratio >= 10 else 1 if ratio >= 2 else 2}f}×"


def together(result, limit):
    """The time of an event, and what several writers at once lost."""
    lost = total(result, "lost")
    return times("durable")(result, limit) + (f", lost {lost:,} of {total(result, 'events'):,}" if lost else "")


def lost(result, _):
    return f"{total(result, 'lost'):,} of {total(result, 'acknowledged'):,}"


def packages(result, _):
    return f"{result['rounds'][0]['packages']}"


def megabytes(result, _):
    return f"{result['rounds'][0]['bytes'] / 1e6:.0f} MB"


TABLES = {
    "Logging": (
        Column("log one event: call", "log", times("call")),
        Column("until it is in a file", "log", times("durable")),
        Column("batch, per event", "batch", times("durable")),
        Column("{writers} processes at once, per event", "writers", together),
        Column("a run of one event", "once", times("seconds")),
    ),
    "Acknowledged events lost by `kill -9`": (
        Column("at full speed", "killed", lost),
        Column("100 events per second", "killed_slowly", lost),
    ),
    "Reading": (
        Column("all events, per event", "all", times("seconds")),
        Column("one run", "run", times("seconds")),
        Column("last loss of every run, per run", "leaderboard", times("seconds")),
    ),
    "Caching": (
        Column("miss", "cached", times("miss")),
        Column("hit, in another process", "cached", times("hit")),
    ),
    "Costs": (
        Column("import, in a new process", "imported", times("seconds")),
        Column("packages installed", "installed", packages),
        Column("on disk", "installed", megabytes),
    ),
}


def report(comparison):
    """Every table, with the reasons of what fails below it, and the versions of the peers."""
    parts = [_about(comparison)]
    for heading, columns in TABLES.items():
        known = [column for column in columns if column.workload in comparison["results"]]
        if known:
            parts.append(f"### {heading}\n\n{table(comparison, known)}{_reasons(comparison, known)}")
    return "\n\n".join(filter(None, [*parts, _versions(comparison)])) + "\n"


def _about(comparison):
    results = [result for of_peers in comparison["results"].values() for result in of_peers.values()]
    rounds = sorted({len(result["rounds"]) for result in results if result["rounds"]})
    return (
        f"Measured on {comparison['date']}: {comparison['machine']}. Interleaved rounds,"
        f" {' or '.join(map(str, rounds))} per peer. Times are medians; `×` is the median ratio to bare `sqlite3`."
    )


def table(comparison, columns):
    names = [name for name in comparison["peers"] if any(name in _results(comparison, each) for each in columns)]
    headings = ("", *(column.heading.format(**comparison["sizes"]) for column in columns))
    lines = [
        (comparison["peers"][name]["title"], *(_cell(comparison, each, name) for each in columns)) for name in names
    ]
    return aligned([headings, *lines])


def _results(comparison, column):
    return comparison["results"][column.workload]


def _cell(comparison, column, name):
    results = _results(comparison, column)
    result = results.get(name)
    if result and "failed" in result:
        return NOTHING if result["missing"] else "**fails**"
    if not (result and result["rounds"]):
        return ""  # of another kind, or not measured yet
    return column.spell(result, _limit(comparison, results, name))


def _limit(comparison, results, name):
    """The result to compare with: that of the first peer of kind "limit", unless it is the peer itself."""
    limits = [each for each, peer in comparison["peers"].items() if peer["kind"] == "limit" and each != name]
    return results.get(limits[0]) if limits else None


def aligned(lines):
    """A Markdown table of a heading and lines, in columns of one width."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rows = [lines[0], tuple("-" * width for width in widths), *lines[1:]]
    padded = ([cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return "\n".join(f"| {' | '.join(row)} |" for row in padded)


def _reasons(comparison, columns):
    """The last line of each error, under the workload's last heading."""
    headings = {column.workload: column.heading.format(**comparison["sizes"]) for column in columns}
    lines = [
        f"* {comparison['peers'][name]['title']}, {heading}: `{result['failed']}`"
        for workload, heading in headings.items()
        for name, result in comparison["results"][workload].items()
        if "failed" in result and not result["missing"]
    ]
    return "\n".join(["\n\nFailures, with the last line of the error:\n", *lines]) if lines else ""


def _versions(comparison):
    """What was installed for the peers from a package index."""
    installed = {each for peer in comparison["peers"].values() for each in peer["requirements"] if "==" in each}
    return f"Versions: {', '.join(f'`{each}`' for each in sorted(installed))}." if installed else ""
