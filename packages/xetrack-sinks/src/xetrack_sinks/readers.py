"""Read log files and JSONL files, including those of xetrack 0.x and those that a killed process left torn.

Whatever is complete is read; the rest is counted in one warning per file. An unfinished last line is not damage: its
writer may still be writing it, and once `log()` has returned, its line is complete.
"""

import io
import warnings
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xetrack.errors import DatabaseError, DatabaseNotFoundError, XetrackWarning, outer_level
from xetrack.plugin import BigInt, SurrogateText, escaped, is_utf8, to_pandas
from xetrack_sinks.entries import Log
from xetrack_sinks.formats import local_time
from xetrack_sinks.linefile import parts
from xetrack_sinks.recovery import is_event, objects_in, parse, utf8

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_jsonl", "read_logs"]

_INT64 = 2**63


def read_logs(path: Path, limit: int | None = None) -> "pd.DataFrame":
    """Read the events of a log file, or of all log files below a folder.

    An entry is an event if its message is a JSON object, whatever its level. Other entries and lines are left out. An
    event without a timestamp gets that of its entry.

    Args:
        path: The file or folder.
        limit: The most events to return; all by default.

    Returns:
        One row per event, newest first.

    Warns:
        XetrackWarning: An entry of level MONITOR, TRACKING or EXPERIMENT cannot be read in full.

    Raises:
        DatabaseNotFoundError: There is no such file or folder.
        DatabaseError: A file cannot be read.
    """
    files = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
    if not path.exists():
        raise _nothing_at(path)
    found: list[tuple[str, dict[str, Any]]] = []
    for modified, file in sorted(((_modified(each), each) for each in files), reverse=True):
        # All that is left was written before.
        if limit is not None and len(found) >= limit and (not limit or modified < found[-1][0]):
            break
        found += _events(file, limit)
        found = sorted(found, key=lambda each: each[0], reverse=True)[:limit]
    return _frame([event for _, event in found], last=("timestamp", "track_id"))


def _modified(file: Path) -> str:
    return local_time(datetime.fromtimestamp(file.stat().st_mtime).astimezone())


def read_jsonl(path: Path) -> "pd.DataFrame":
    """Read the events of a JSONL file and of its rotated parts.

    Several objects on one line, byte order marks and UTF-16 are understood. An unfinished last line is left out.

    Returns:
        One row per event, in the order they were written.

    Warns:
        XetrackWarning: A line cannot be read in full.

    Raises:
        DatabaseNotFoundError: There is no such file.
        DatabaseError: A file cannot be read.
    """
    found = [each for each in parts(path) if each.exists()] if path.parent.is_dir() else []
    if not found:
        raise _nothing_at(path)
    return _frame([event for each in found for event in _lines(each)], last=("track_id",))


def _content(file: Path) -> bytes:
    try:
        return utf8(file.read_bytes())
    except OSError as error:
        raise DatabaseError(
            f"{file} cannot be read: {error}. Check that it is a file and that you may read it."
        ) from error


def _nothing_at(path: Path) -> DatabaseNotFoundError:
    return DatabaseNotFoundError(f"{path} does not exist: nothing was logged here. Check the path.")


def _events(file: Path, limit: int | None) -> list[tuple[str, dict[str, Any]]]:
    """Return the events of one log file with their times, newest first, at most `limit`."""
    log = Log(_content(file))
    found: list[tuple[str, dict[str, Any]]] = []
    for time, event in log.events():
        if limit is not None and len(found) >= limit:
            break
        event.setdefault("timestamp", time)
        found.append((time, event))
    if log.damaged:
        _warn_of(len(log.damaged), "event", file, log.line(min(log.damaged)))
    return found


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the events of one JSONL file."""
    damaged: list[int] = []
    # Events glued to another line: the sink wrote each of them again, on a line of its own.
    again: set[bytes] = set()
    for number, line in enumerate(io.BytesIO(_content(file)), 1):
        data = line.strip()
        event = parse(data)
        if event is not None and data in again:
            again.remove(data)
        elif event is not None:
            yield event
        else:
            finished = line.endswith(b"\n")
            objects = objects_in(data, unfinished=not finished)
            yield from (each.value for each in objects.found)
            glued = objects.found[1:] if objects.intact else objects.found
            again |= {objects.text[each.start : each.end].encode() for each in glued if is_event(each.value)}
            torn = not finished and objects.rest.startswith("{") and "\0" not in objects.rest
            if not objects.intact or (objects.rest and not torn):
                damaged.append(number)
    if damaged:
        _warn_of(len(damaged), "line", file, damaged[0])


def _warn_of(count: int, what: str, file: Path, first: int) -> None:
    message = (
        f"{file}: {count} {what}{'s' * (count > 1)} cannot be read in full (damaged, or not from xetrack); "
        f"the first is in line {first}. Everything else was read."
    )
    warnings.warn(message, XetrackWarning, stacklevel=outer_level())


def _frame(events: list[dict[str, Any]], last: Iterable[str]) -> "pd.DataFrame":
    events = [{escaped(key): value for key, value in event.items()} for event in events]
    keys = dict.fromkeys(key for event in events for key in event)
    for key in last:
        if key in keys:
            del keys[key]
            keys[key] = None
    return to_pandas({key: [_fit(event.get(key)) for event in events] for key in keys})


def _fit(value: Any) -> Any:
    """Mark what a frame holds as a Python object: integers beyond 64 bits, and text with lone surrogates."""
    if type(value) is int and not -_INT64 <= value < _INT64:
        return BigInt(value)
    return value if type(value) is not str or is_utf8(value) else SurrogateText(value)
