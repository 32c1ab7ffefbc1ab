"""The time of an event as bars in a terminal."""

from math import log10

from benchmarks.peers.figures import figure
from benchmarks.report import spell

WIDTH = 50


def bars(comparison, workload="log", name="durable"):
    """A line a peer, fastest first, from bare to slow on a scale where each tenfold is as wide; "" if there is none."""
    results = comparison["results"].get(workload, {})
    known = [(figure(result, None, name), comparison["peers"][peer]["title"]) for peer, result in results.items()]
    times = sorted((each.middle, title) for each, title in known if each)
    if not times:
        return ""
    least, most = log10(times[0][0]), log10(times[-1][0])
    scale = (WIDTH - 5) / max(most - least, 1)
    wide = max(len(title) for _, title in times)
    lines = (
        f"{title.ljust(wide)} {'█' * (5 + round(scale * (log10(seconds) - least)))} {spell(seconds)}"
        for seconds, title in times
    )
    return "\n".join(["log one event, until it is in a file (logarithmic):", "", *lines])
