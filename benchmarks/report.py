"""The table, and the machine that it is true of."""

import os
import platform
import sqlite3
from importlib.metadata import entry_points, version
from pathlib import Path
from statistics import median

HEADINGS = ("what", "ours", "bare library", "ratio (min-max)", "goal", "met")
UNITS = ((1, "s"), (1e-3, "ms"), (1e-6, "µs"))


def machine():
    plugins = sorted({entry.dist.name for entry in entry_points(group="xetrack") if entry.dist})
    return (
        f"{hardware()}, pandas {version('pandas')}, xetrack-core {version('xetrack-core')};"
        f" plugins: {', '.join(plugins) or 'none'}"
    )


def hardware():
    """What is true of every process on the machine that this Python runs."""
    return (
        f"{_processor()}, {os.cpu_count()} cores; {platform.system()}; Python {platform.python_version()},"
        f" sqlite {sqlite3.sqlite_version}"
    )


def _processor():
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return (models or [platform.processor() or platform.machine()])[0]


def spell(seconds):
    size, unit = next((each for each in UNITS if abs(seconds) >= each[0]), UNITS[-1])
    number = seconds / size
    return f"{number:.{0 if abs(number) >= 100 else 1 if abs(number) >= 10 else 2}f} {unit}"


def cells(row):
    compared = row.compared()
    spelt = "" if compared is None else _compared(row, *compared)
    goal = "" if row.limit is None else f"≤ +{spell(row.limit)}" if row.difference else f"≤ {row.limit:g}×"
    return (
        row.what,
        spell(median(row.ours)) if row.ours else row.verdict or "none",
        spell(median(row.bare)) if row.bare else "",
        spelt,
        goal if row.ours else "none",
        {None: "", True: "yes", False: "NO"}[row.met],
    )


def _compared(row, middle, least, most):
    if row.difference:
        return f"+{spell(middle)} ({spell(least)}-{spell(most)})"
    return f"{middle:.2f}× ({least:.2f}-{most:.2f})"


def table(rows):
    """The rows as a Markdown table that is aligned for reading, too."""
    lines = [HEADINGS, *map(cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |" for line in lines
    )
