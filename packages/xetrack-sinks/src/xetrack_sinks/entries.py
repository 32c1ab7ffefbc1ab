"""The entries of a log file, and the events that they hold."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from xetrack_sinks.formats import EVENT_LEVELS, delimiter, head, headless, local_time, start
from xetrack_sinks.objects import Objects, objects_in, parse

if TYPE_CHECKING:
    import re

__all__ = ["Log"]

_GAP = " \t\r\n\ufeff,"  # may stand between objects, and means nothing
_REPLACED = "\ufffd"

Event: TypeAlias = tuple[str, dict[str, Any]]
"""The local time of an entry, and the event that it holds."""


class _Entry(NamedTuple):
    """One entry: its local time, its level, and what follows the delimiter."""

    time: str
    level: str
    message: bytes


class Log:
    """The bytes of a log file. `damaged` holds the places of entries that could not be read in full."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._start = start(delimiter())
        self._head = head(delimiter())
        self.damaged = [match.start() for match in headless(delimiter()).finditer(data)]

    def line(self, place: int) -> int:
        """Return the number of the line at a place in the file."""
        return self._data.count(b"\n", 0, place) + 1

    def events(self) -> Iterator[Event]:
        """Yield the events, newest first."""
        end = len(self._data)
        for match in reversed(list(self._head.finditer(self._data))):
            message, end = self._data[match.end() : end], match.start()
            if match[1] is not None:
                found, intact = self._read(_entry(match, message))
            else:
                found, intact = self._read_records(message)
            if not intact:
                self.damaged.append(match.start())
            yield from reversed(found)

    def _read(self, entry: _Entry) -> tuple[list[Event], bool]:
        """The events of an entry, and whether they are all that it should hold."""
        event = parse(entry.message.strip())
        if event is not None:
            return ([(entry.time, event)] if event else []), True
        if entry.level not in EVENT_LEVELS:  # a text of the program's, in which nobody can forge an entry
            return _events_of(entry, unfinished=True)[0][:1], True
        own, glued = self._split(entry.message)
        found, intact = _events_of(entry._replace(message=own), unfinished=not glued)
        if glued and b"\n" + glued.strip() not in self._data:  # else the sink has noticed, and written it once more
            match = self._start.match(glued)
            later, whole = self._read(_entry(match, glued[match.end() :])) if match else ([], False)
            found, intact = found + later, intact and whole
        return found, intact

    def _split(self, message: bytes) -> tuple[bytes, bytes]:
        """Split off the next entry, if it starts in the middle of a line: a writer was killed, or files were joined."""
        objects = objects_in(message)
        end = _end_of_first(objects)
        if end:  # what looks like an entry may be a text in these objects, but not behind them
            rest = objects.text[end:].lstrip(_GAP).encode()
            return (objects.text[:end].encode(), rest) if self._start.match(rest) else (message, b"")
        for match in self._start.finditer(message):
            if _end_of_first(objects_in(message[match.end() :])):
                return message[: match.start()], message[match.start() :]
        return message, b""

    def _read_records(self, line: bytes) -> tuple[list[Event], bool]:
        """The events in records that loguru serialized. A line that only looks like one belongs to no entry."""
        first, newline, _ = line.partition(b"\n")
        objects = objects_in(first, unfinished=not newline)
        entries = [entry for each in objects.found if (entry := _of_record(each.value.get("record"))) is not None]
        read = [self._read(entry) for entry in entries]
        ours = bool(entries) or b'"record"' in first
        whole = objects.intact and (not objects.rest or not newline)
        return [event for found, _ in read for event in found], (whole or not ours) and all(each for _, each in read)


def _entry(match: "re.Match[bytes]", message: bytes) -> _Entry:
    return _Entry(match[1].decode(), match[2].decode("utf-8", "replace"), message)


def _events_of(entry: _Entry, *, unfinished: bool) -> tuple[list[Event], bool]:
    """The JSON objects that a message begins with, and whether its line holds nothing else. Later lines are ignored."""
    objects = objects_in(entry.message, unfinished=unfinished)
    end = _end_of_first(objects)
    found = [(entry.time, each.value) for each in objects.found if each.end <= end]
    rest, newline, _ = objects.text[end:].partition("\n")
    torn = not newline and not found and unfinished
    replaced = _REPLACED in objects.text[:end] and _REPLACED.encode() not in entry.message
    return [each for each in found if each[1]], torn or (bool(found) and not rest.strip(_GAP) and not replaced)


def _end_of_first(objects: Objects) -> int:
    """Where the objects end with which a text begins; 0 if it begins with anything else."""
    end = 0
    for each in objects.found:
        if objects.text[end : each.start].strip(_GAP):
            break
        end = each.end
    return end


def _of_record(record: Any) -> _Entry | None:
    """The entry that loguru serialized as JSON; None if it did not."""
    try:
        time, level, message = record["time"]["timestamp"], record["level"]["name"], record["message"]
        return _Entry(local_time(datetime.fromtimestamp(time).astimezone()), str(level), message.encode() + b"\n")
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError, OSError):  # a time may be no time
        return None
