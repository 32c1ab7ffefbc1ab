"""Runs whose process is gone, and runs as rows for `Reader.runs()`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from xetrack._rows.normalize import IDENTITY, decode, stored_value
from xetrack._spec.types import Run
from xetrack._util.processes import is_alive, this_host

__all__ = ["RUN_COLUMNS", "process_is_gone", "run_row", "run_seconds", "seconds_between"]

RUN_COLUMNS = (
    "track_id", "table", "status", "started", "ended", "host", "pid", "python", "params", "first", "last", "rows",
)  # fmt: skip


def process_is_gone(run: Run) -> bool:
    """Return whether a run is recorded as running, but its process no longer exists on this machine.

    ```python
    runs = [replace(run, status="crashed") if process_is_gone(run) else run for run in recorded]
    ```

    For engines that know no more of a process than its host and id. Processes of other machines count as running.
    """
    return run.status == "running" and run.host == this_host() and run.pid is not None and not is_alive(run.pid)


def run_row(run: Run) -> dict[str, Any]:
    """Return the fields of a run, then the last value of each key, as `last_<key>` where the name is taken."""
    row = {name: getattr(run, name) for name in RUN_COLUMNS}
    row["params"] = stored_value("params", {key: decode(value) for key, value in run.params.items()})
    row["status"] = run.status or None
    for key, value in run.values.items():
        if key not in IDENTITY:
            name = key
            while name in row or (name != key and name in run.values):
                name = f"last_{name}"
            row[name] = value
    return row


def run_seconds(run: Mapping[str, Any]) -> float | None:
    """Return the seconds from the start of a run to its end, or to its last row if it has not ended.

    Args:
        run: one item of `Reader.list_runs()`.

    Returns:
        None if the clock was set back meanwhile, or the times have another format, as in some files of xetrack 0.x.
    """
    return seconds_between(run["started"] or run["first"], run["ended"] or run["last"])


def seconds_between(begin: Any, end: Any) -> float | None:
    """Return the seconds from one timestamp to another; None if either is invalid, or the second is earlier."""
    try:
        seconds = (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()
    except (TypeError, ValueError):
        return None
    return seconds if seconds >= 0 else None
