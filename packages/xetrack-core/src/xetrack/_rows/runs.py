"""Runs as rows, for `Reader.runs()`."""

from typing import Any

from xetrack._rows.normalize import IDENTITY, decode, stored_value
from xetrack._spec.types import Run

__all__ = ["RUN_COLUMNS", "run_row"]

RUN_COLUMNS = (
    "track_id", "table", "status", "started", "ended", "host", "pid", "python", "params", "first", "last", "rows",
)  # fmt: skip


def run_row(run: Run, *, crashed: bool) -> dict[str, Any]:
    """Return the fields of a run, then the last value of each key, as `last_<key>` where the name is taken."""
    row = {name: getattr(run, name) for name in RUN_COLUMNS}
    row["params"] = stored_value("params", {key: decode(value) for key, value in run.params.items()})
    row["status"] = "crashed" if crashed else run.status or None
    for key, value in run.values.items():
        if key not in IDENTITY:
            name = key
            while name in row or (name != key and name in run.values):
                name = f"last_{name}"
            row[name] = value
    return row
