"""Runs whose process is gone, and runs as rows for `Reader.runs()`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from xetrack._rows.normalize import IDENTITY, decode, stored_value
from xetrack._spec.types import Json, Row, Run
from xetrack._util.offsets import possible_offsets, to_utc
from xetrack._util.processes import is_alive, this_host

__all__ = [
    "RUN_COLUMNS",
    "process_is_gone",
    "run_columns",
    "run_row",
    "run_seconds",
    "run_utc",
    "seconds_between",
]

RUN_COLUMNS = (
    "track_id", "table", "status", "started", "ended", "host", "pid", "python", "params", "first", "last", "rows",
    "utc_offsets",
)  # fmt: skip
_AS_JSON_HAS_THEM = frozenset({bool, int, float, str, Json, type(None)})


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
    row = {
        "track_id": run.track_id,
        "table": run.table,
        "status": run.status or None,
        "started": run.started,
        "ended": run.ended,
        "host": run.host,
        "pid": run.pid,
        "python": run.python,
        "params": _params(run.params),
        "first": run.first,
        "last": run.last,
        "rows": run.rows,
        "utc_offsets": [list(entry) for entry in run.offsets] or None,
    }
    for key, name in _names(tuple(run.values)):
        row[name] = run.values[key]
    return row


def run_columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return what `run_row` made of several runs as columns. Without runs, these are the fields."""
    shapes = dict.fromkeys(map(tuple, rows)) or [RUN_COLUMNS]
    keys = dict.fromkeys(key for shape in shapes for key in shape)
    return {key: [row.get(key) for row in rows] for key in keys}


@lru_cache(maxsize=1000)
def _names(keys: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the keys of values and their names in a row."""
    taken = set(RUN_COLUMNS)
    names: list[tuple[str, str]] = []
    for key in keys:
        if key not in IDENTITY:
            name = key
            while name in taken or (name != key and name in keys):
                name = f"last_{name}"
            taken.add(name)
            names.append((key, name))
    return names


def _params(params: Row) -> Any:
    """Return params as a dict, or as text if JSON cannot have them."""
    decoded = {key: decode(value) for key, value in params.items()}
    if _AS_JSON_HAS_THEM.issuperset(map(type, params.values())):
        return decoded
    return decode(stored_value("params", decoded))


def run_seconds(run: Mapping[str, Any]) -> float | None:
    """Return the seconds from the start of a run to its end, or to its last row if it has not ended.

    Args:
        run: one item of `Reader.list_runs()`.

    Returns:
        None if the clock was set back meanwhile, or the times have another format, as in some files of xetrack 0.x.
        Changes of the UTC offset during the run do not count.
    """
    begin, end = ("started" if run["started"] else "first"), ("ended" if run["ended"] else "last")
    return seconds_between(run_utc(run, begin) or run[begin], run_utc(run, end) or run[end])


def run_utc(run: Mapping[str, Any], name: str) -> str | None:
    """Return a time of a run in UTC.

    Args:
        run: one item of `Reader.list_runs()`.
        name: "started", "ended", "first" or "last".

    Returns:
        None if there is no such time, or the run has no record of its UTC offsets. Of the two times that a local time
        may stand for when clocks are set back, it is the earlier one for the beginning of a run, and the later one for
        its end.
    """
    time, offsets = run[name], tuple((time, offset) for time, offset in run.get("utc_offsets") or ())
    if not isinstance(time, str) or not offsets:
        return None
    which = 0 if name in {"started", "first"} else -1
    try:
        possible = possible_offsets(offsets, time) if len(offsets) > 1 else []
    except (ValueError, OverflowError):
        return None
    return to_utc(time, possible[which] if possible else offsets[which][1])


def seconds_between(begin: Any, end: Any) -> float | None:
    """Return the seconds from one timestamp to another; None if either is invalid, or the second is earlier."""
    try:
        seconds = (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()
    except (TypeError, ValueError):
        return None
    return seconds if seconds >= 0 else None
