"""The entries of a log file, and the events in them, however damaged the file is."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from xetrack_sinks.formats import EVENT_LEVELS, delimiter, head, headless, local_time, start
from xetrack_sinks.recovery import objects_in, parse

if TYPE_CHECKING:
    import re

__all__ = ["Log"]

# May stand between objects, and means nothing.
_GAP = " \t\r\n\ufeff,"
_REPLACED = "\ufffd"

Event: TypeAlias = tuple[str, dict[str, Any]]
"""The local time of an entry, and the event in it."""


class _Entry(NamedTuple):
    time: str
    level: str
    message: bytes


class Log:
    """The bytes of a log file. `damaged` lists the offsets of entries that could not be read in full."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._start = start(delimiter())
        self._head = head(delimiter())
        self.damaged = [match.start() for match in headless(delimiter()).finditer(data)]

    def line(self, offset: int) -> int:
        """Return the number of the line at an offset."""
        return self._data.count(b"\n", 0, offset) + 1

    def events(self) -> Iterator[Event]:
        """Yield the events, newest first."""
        end = len(self._data)
        for match in reversed(list(self._head.finditer(self._data))):
            message, end = self._data[match.end() : end], match.start()
            read = self._records(message) if match[1] is None else self._read(_entry(match, message))
            if not read[1]:
                self.damaged.append(match.start())
            yield from reversed(read[0])

    def _read(self, entry: _Entry) -> tuple[list[Event], bool]:
        """Return the events of an entry, and whether they are all that it should hold."""
        event = parse(entry.message.strip())
        if event is not None:
            return ([(entry.time, event)] if event else []), True
        is_event = entry.level in EVENT_LEVELS
        # The next entry may start in the middle of a line: a writer was killed, or files were joined.
        own, glued = self._split(entry.message) if is_event else (entry.message, b"")
        objects = objects_in(own, unfinished=not glued)
        leading = objects.leading(_GAP)
        end = leading[-1].end if leading else 0
        found = [(entry.time, each.value) for each in leading if each.value]
        if not is_event:  # text of the application, which cannot forge an entry
            return found[:1], True
        rest, newline, _ = objects.text[end:].partition("\n")
        replaced = _REPLACED in objects.text[:end] and _REPLACED.encode() not in own
        intact = not rest.strip(_GAP) and not replaced if leading else not (newline or glued)
        # Otherwise the sink noticed that the line was glued, and wrote it again.
        again = b"\n" + glued.strip()
        if glued and again + b"\n" not in self._data and again + b"\r\n" not in self._data:
            match = self._start.match(glued)
            later, whole = self._read(_entry(match, glued[match.end() :])) if match else ([], True)
            return found + later, intact and whole
        return found, intact

    def _split(self, message: bytes) -> tuple[bytes, bytes]:
        """Split off the next entry, unless it is text within the event."""
        objects = objects_in(message)
        leading = objects.leading(_GAP)
        if leading:
            rest = objects.text[leading[-1].end :].lstrip(_GAP).encode()
            return (objects.text[: leading[-1].end].encode(), rest) if self._start.match(rest) else (message, b"")
        for match in self._start.finditer(message):
            if objects_in(message[match.end() :]).leading(_GAP):
                return message[: match.start()], message[match.start() :]
        return message, b""

    def _records(self, line: bytes) -> tuple[list[Event], bool]:
        """Return the events in records that loguru serialized. A line that only looks like one belongs to no entry."""
        first, newline, _ = line.partition(b"\n")
        objects = objects_in(first, unfinished=not newline)
        read = [self._read(entry) for each in objects.found if (entry := _of_record(each.value.get("record")))]
        ours = bool(read) or b'"record"' in first
        whole = objects.intact and not (objects.rest and newline)
        return [event for found, _ in read for event in found], (whole or not ours) and all(each for _, each in read)


def _entry(match: "re.Match[bytes]", message: bytes) -> _Entry:
    return _Entry(match[1].decode(), match[2].decode("utf-8", "replace"), message)


def _of_record(record: Any) -> _Entry | None:
    """Return the entry that loguru serialized as JSON; None if it did not."""
    try:
        time = datetime.fromtimestamp(record["time"]["timestamp"]).astimezone()
        return _Entry(local_time(time), str(record["level"]["name"]), record["message"].encode() + b"\n")
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError, OSError):  # a time may be no time
        return None
