"""Sinks with one fault each."""

import json
import sqlite3
import threading
import time

from proving import broken

from xetrack.plugin import Json
from xetrack_testing import LogSinkContract, SinkContract


def spell(value):
    return value.hex() if isinstance(value, bytes) else value


class Lines:
    """Writes each row as a line of JSON."""

    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()
        self.closed = False

    def write(self, level, row):
        line = json.dumps({"level": level, "row": {key: spell(value) for key, value in row.items()}})
        with self.lock, self.path.open("a") as file:
            file.write(f"{line}\n")

    def emit(self, row):
        self.write("TRACKING", row)

    def log(self, level, event):
        self.write(level, {"text": event} if isinstance(event, str) else event)

    def logger(self, tell):
        return Logger(tell)

    def flush(self):
        pass

    def close(self):
        self.flush()


class Logger:
    def __init__(self, tell):
        self.tell = tell

    def monitor(self, data):
        self.tell("MONITOR", {**data, "timestamp": "", "track_id": ""})

    def info(self, message):
        self.tell("INFO", message)


class TestRight(LogSinkContract):
    logger = True
    made = Lines

    def open(self, place):
        return self.made(place / "rows")

    def lines(self, place):
        path = place / "rows"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def read(self, place):
        return [line["row"] for line in self.lines(place) if line["level"] == "TRACKING"]

    def read_log(self, place):
        told = [(line["level"], line["row"]) for line in self.lines(place)]
        return [(level, row) for level, row in told if "text" not in row or "n" in row]


class Right(TestRight):
    """A base class for broken sinks."""


class RightSink(SinkContract):
    """A base class for broken sinks without `log`."""

    made = Lines
    open, lines, read = TestRight.open, TestRight.lines, TestRight.read


@broken(Right, "test_it_has_the_methods_of_a_sink")
class WithoutFlush(Lines):
    flush = None

    def close(self):
        pass


@broken(Right, "test_it_has_the_methods_of_a_log_sink")
class WithoutLog(Lines):
    log = None


@broken(RightSink, "test_every_row_is_written_once_and_in_order", "test_a_tracker_emits_committed_rows_only")
class NewestFirst(Lines):
    def write(self, level, row):
        before = self.path.read_text() if self.path.exists() else ""
        self.path.write_text("")
        super().write(level, row)
        self.path.write_text(self.path.read_text() + before)


class Buffered(Lines):
    """Buffers rows until it is flushed."""

    def __init__(self, path):
        super().__init__(path)
        self.held = []

    def write(self, level, row):
        self.held.append((level, dict(row)))

    def flush(self):
        for level, row in self.held:
            super().write(level, row)
        self.held = []


class TestRightBufferedOne(RightSink):
    made = Buffered
    test_a_forked_child_writes_no_row_twice = None


@broken(RightSink, "test_flush_writes_buffered_rows")
class FlushesAtTheEndOnly(Buffered):
    def flush(self):
        pass

    def close(self):
        super().flush()


@broken(RightSink, "test_every_row_is_written_once_and_in_order")
class ClosesWithoutFlushing(Buffered):
    def close(self):
        pass


@broken(RightSink, "test_flushing_and_closing_twice_are_harmless")
class WritesAgain(Buffered):
    def flush(self):
        held = self.held
        super().flush()
        self.held = held


@broken(RightSink, "test_a_forked_child_writes_no_row_twice")
class FlushesWhatItsParentHeldBack(Buffered):
    pass


@broken(RightSink, "test_a_row_is_not_changed")
class Pops(Lines):
    def emit(self, row):
        row.pop("timestamp")
        super().emit(row)


@broken(RightSink, "test_a_row_is_not_changed")
class Reorders(Lines):
    def emit(self, row):
        super().emit(row)
        row["timestamp"] = row.pop("timestamp")


@broken(RightSink, "test_every_value_is_taken")
class NoBytes(Lines):
    def emit(self, row):
        json.dumps(row)
        super().emit(row)


@broken(RightSink, "test_every_value_is_taken")
class DropsJson(Lines):
    def emit(self, row):
        if not any(isinstance(value, Json) for value in row.values()):
            super().emit(row)


@broken(RightSink, "test_every_key_is_taken")
class FormatsKeys(Lines):
    def emit(self, row):
        for key in row:
            key.format()
        super().emit(row)


@broken(RightSink, "test_flushing_and_closing_twice_are_harmless")
class ClosesOnce(Lines):
    def close(self):
        assert not self.closed
        self.closed = True


@broken(RightSink, "test_a_sink_without_rows_is_flushed_and_closed")
class OpensWithTheFirstRow(Lines):
    def close(self):
        self.path.stat()


@broken(RightSink, "test_a_row_after_closing_harms_nothing")
class BeginsAnew(Lines):
    def close(self):
        self.closed = True

    def emit(self, row):
        if self.closed:
            self.path.unlink()
        super().emit(row)


@broken(RightSink, "test_a_second_sink_appends_to_the_first")
class Truncates(Lines):
    def __init__(self, path):
        super().__init__(path)
        path.write_text("")


@broken(RightSink, "test_rows_come_from_any_thread")
class OfOneThread(Lines):
    def __init__(self, path):
        super().__init__(path)
        self.conn = sqlite3.connect(":memory:")

    def emit(self, row):
        self.conn.execute("SELECT 1")
        super().emit(row)

    def close(self):
        if self.conn is not None:
            self.conn.close()
        self.conn = None


@broken(RightSink, "test_a_tracker_emits_committed_rows_only")
class NoNestedJson(Lines):
    def emit(self, row):
        if any(isinstance(value, Json) for value in row.values()):
            raise TypeError("no lists, please")
        super().emit(row)


@broken(
    Right,
    "test_events_of_every_level_are_written_in_order",
    "test_a_tracker_forwards_logged_events",
    "test_events_hold_every_key_and_value",
)
class OneLevelForAll(Lines):
    def log(self, level, event):
        super().log("INFO", event)


@broken(Right, "test_messages_of_every_level_are_accepted")
class NoTemplates(Lines):
    def log(self, level, event):
        super().log(level, event.format() if isinstance(event, str) else event)


@broken(Right, "test_an_event_is_not_changed")
class AddsTheLevel(Lines):
    def log(self, level, event):
        if not isinstance(event, str):
            event["level"] = level
        super().log(level, event)


@broken(Right, "test_events_hold_every_key_and_value")
class NoBytesInEvents(Lines):
    def log(self, level, event):
        json.dumps(event)
        super().log(level, event)


@broken(Right, "test_events_and_rows_may_come_from_different_threads")
class LosesWhatComesAtOnce(Lines):
    def write(self, level, row):
        before = self.path.read_text() if self.path.exists() else ""
        time.sleep(0.0005)
        line = json.dumps({"level": level, "row": row})
        self.path.write_text(f"{before}{line}\n")


@broken(Right, "test_its_logger_forwards_events")
class KeepsToItself(Lines):
    def logger(self, tell):
        return Logger(self.log)
