"""Reading log files and JSONL files back, also those of xetrack 0.x, and those that a killed process left torn."""

import errno
import json
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from xetrack import frames
from xetrack.errors import XetrackWarning, outer_level
from xetrack_sinks.formats import LEVELS, delimiter, head
from xetrack_sinks.linefile import parts

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_jsonl", "read_logs"]

_INT64 = 2**63


class _Entry(NamedTuple):
    """One entry of a log: its local time, its level, and what follows the delimiter."""

    time: str
    level: str
    message: bytes


def read_logs(path: Path, limit: int | None = None) -> "pd.DataFrame":
    """The events in a log file, or in all log files of a folder and its folders, newest first, at most `limit`.

    An entry is an event if its message is a JSON object, whatever its level; other entries, and lines that belong to
    no entry, are left out. One of a level of events (MONITOR, TRACKING, EXPERIMENT) whose JSON is damaged is left out
    with a warning. An event without a timestamp of its own gets that of its entry. Raises `FileNotFoundError`.
    """
    files = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
    if not path.exists():
        raise _nothing_at(path)
    found: list[tuple[str, dict[str, Any]]] = []
    for modified, file in sorted(((each.stat().st_mtime, each) for each in files), reverse=True):
        if limit is not None and len(found) >= limit and (not limit or _local(modified) < found[-1][0]):
            break  # all that is in the files left was written before
        found += _events(file, limit)
        found = sorted(found, key=lambda each: each[0], reverse=True)[:limit]
    return _frame([event for _, event in found], last=("timestamp", "track_id"))


def read_jsonl(path: Path) -> "pd.DataFrame":
    """The events in a JSONL file, and in those that were set aside for it, in the order they were written.

    A last line that a killed process left torn is left out, and so are other lines that hold no JSON object, with a
    warning. Raises `FileNotFoundError`.
    """
    found = [each for each in parts(path) if each.exists()] if path.parent.is_dir() else []
    if not found:
        raise _nothing_at(path)
    return _frame([event for each in found for event in _lines(each)], last=("track_id",))


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """Lets an error of the system name the file: one of reading does not."""
    try:
        yield
    except OSError as error:
        error.filename = str(file)
        raise


def _nothing_at(path: Path) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, "nothing was logged here", str(path))


def _events(file: Path, limit: int | None) -> list[tuple[str, dict[str, Any]]]:
    """The events of one log file with their times, newest first, at most `limit`."""
    found: list[tuple[str, dict[str, Any]]] = []
    damaged = 0
    with _named(file):
        data = file.read_bytes()
    for entry in _entries(data):
        if limit is not None and len(found) >= limit:
            break
        event = _parse(entry.message.strip())
        if event:
            event.setdefault("timestamp", entry.time)
            found.append((entry.time, event))
        damaged += event is None and entry.level in LEVELS and entry.message.endswith(b"\n")
    _warn_of(damaged, "event", file)
    return found


def _entries(data: bytes) -> Iterator[_Entry]:
    """The entries of a log, the last one first."""
    end = len(data)
    for match in reversed(list(head(delimiter()).finditer(data))):
        message, end = data[match.end() : end], match.start()
        if match[1] is not None:
            yield _Entry(match[1].decode(), match[2].decode("utf-8", "replace"), message)
        elif (entry := _of_record((_parse(message.strip()) or {}).get("record"))) is not None:
            yield entry


def _of_record(record: Any) -> _Entry | None:
    """The entry that loguru serialized as JSON; None if it did not."""
    try:
        time, level, message = record["time"]["timestamp"], record["level"]["name"], record["message"]
        return _Entry(_local(time), str(level), message.encode() + b"\n")
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError, OSError):  # a time may be no time
        return None


def _local(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).isoformat(" ", "milliseconds")  # noqa: DTZ006 - as log lines tell the time


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    damaged = 0
    with _named(file), file.open("rb") as opened:
        for line in opened:
            event = _parse(line.strip())
            if event is not None:
                yield event
            damaged += event is None and not line.isspace() and line.endswith(b"\n")
    _warn_of(damaged, "line", file)


def _parse(text: bytes) -> dict[str, Any] | None:
    """The JSON object that the text is, or begins with; None if there is none."""
    if not text.startswith(b"{"):
        return None
    try:
        return orjson.loads(text)  # type: ignore[no-any-return] # a brace begins an object
    except orjson.JSONDecodeError:
        pass
    try:  # what orjson refuses: NaN, deep nesting, and other lines below the JSON
        found: dict[str, Any] = json.JSONDecoder().raw_decode(text.decode("utf-8", "replace"))[0]
    except (ValueError, RecursionError):
        return None
    return {_text(key): _text(value) for key, value in found.items()}


def _text(value: Any) -> Any:
    """Halves of surrogate pairs, which JSON can spell and no frame can hold, as their escapes; all else as it is."""
    return value.encode("utf-8", "backslashreplace").decode() if type(value) is str else value


def _warn_of(damaged: int, what: str, file: Path) -> None:
    if damaged:
        message = f"{damaged} {what}{'s' * (damaged > 1)} of {file} cannot be read, torn or not ours: left out."
        warnings.warn(message, XetrackWarning, stacklevel=outer_level())


def _frame(events: list[dict[str, Any]], last: Iterable[str]) -> "pd.DataFrame":
    keys = dict.fromkeys(key for event in events for key in event)
    for key in last:
        if key in keys:
            del keys[key]
            keys[key] = None
    return frames.to_pandas({key: [_fit(event.get(key)) for event in events] for key in keys})


def _fit(value: Any) -> Any:
    """Whole numbers that fit no column keep every digit as text, as in the database."""
    return str(value) if type(value) is int and not -_INT64 <= value < _INT64 else value
