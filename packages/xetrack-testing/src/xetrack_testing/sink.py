"""What every sink promises: one test per promise of `xetrack.plugin.Sink` and `LogSink`."""

import os
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from xetrack import Reader, Tracker
from xetrack.errors import InvalidKeyError
from xetrack.plugin import LogSink, Row, Sink, Value
from xetrack_testing.contract import Contract, plugin_with
from xetrack_testing.remote_call import remote_call
from xetrack_testing.rows import AWKWARD_KEYS, AWKWARD_VALUES, exact, make_row
from xetrack_testing.threads import run_together

__all__ = ["LogSinkContract", "SinkContract"]

_ROWS = 20


class SinkContract(Contract):
    """Subclass it as `Test...`, define how to open your sink and how to read what it wrote, and run pytest.

    ```python
    class TestMySink(SinkContract):
        def open(self, place: Path) -> MySink:
            return MySink(place / "log.txt")

        def read(self, place: Path) -> list[dict[str, int]]:
            return [json.loads(line) for line in (place / "log.txt").read_text().splitlines()]
    ```

    `open(place)` returns a sink that writes to the folder `place`, which is new for each test. A sink of a server
    derives a unique name from it. `read(place)` returns the written rows in order, as mappings with at least the row's
    integer `n`; an empty list if nothing was written yet. Without `read`, the tests that need it are skipped.
    """

    @abstractmethod
    def open(self, place: Path) -> Sink:
        """Return an open sink that belongs to the folder `place`."""

    def read(self, place: Path) -> Sequence[Mapping[str, Any]]:
        """Return the rows that sinks of `place` wrote, in order."""
        found: Sequence[Mapping[str, Any]] = self.skip_without("read")
        return found

    def numbers(self, place: Path) -> list[int]:
        """The `n` of each written row."""
        return [int(row["n"]) for row in self.read(place)]

    @pytest.fixture
    def sink(self, tmp_path: Path) -> Iterator[Sink]:
        """A sink, closed after the test."""
        with closing(self.open(tmp_path)) as sink:
            yield sink

    def test_it_has_the_methods_of_a_sink(self, sink: Sink) -> None:
        """`isinstance` accepts it."""
        assert isinstance(sink, Sink)

    def test_every_row_is_written_once_and_in_order(self, sink: Sink, tmp_path: Path) -> None:
        """Timestamps do not matter."""
        for number in range(_ROWS):
            sink.emit(make_row(_ROWS - number, {"n": number}))
        sink.close()
        assert self.numbers(tmp_path) == list(range(_ROWS))

    def test_flush_writes_buffered_rows(self, sink: Sink, tmp_path: Path) -> None:
        """Every time."""
        for number in range(3):
            sink.emit(make_row(number, {"n": number}))
            sink.flush()
            assert self.numbers(tmp_path) == list(range(number + 1))

    def test_a_row_is_not_changed(self, sink: Sink) -> None:
        """Neither its values nor their order, because other sinks receive the same row."""
        row = make_row(0, dict(zip(AWKWARD_KEYS, AWKWARD_VALUES, strict=False)) | {"n": 0})
        before = dict(row)
        sink.emit(row)
        sink.flush()
        assert list(row) == list(before)
        assert exact([row]) == exact([before])

    def test_every_value_is_taken(self, sink: Sink, tmp_path: Path) -> None:
        """Rows with None, NaN, bytes, JSON or huge integers are written, and so are later rows."""
        rows = [make_row(number, {"x": value, "n": number}) for number, value in enumerate((None, *AWKWARD_VALUES))]
        _emit_all(sink, rows, "x")
        sink.close()
        assert self.numbers(tmp_path) == list(range(len(rows)))

    def test_every_key_is_taken(self, sink: Sink, tmp_path: Path) -> None:
        """Including keys that look like SQL or templates, and the empty key."""
        rows = [make_row(number, {key: 1, "n": number}) for number, key in enumerate(AWKWARD_KEYS)]
        _emit_all(sink, rows, "key")
        sink.close()
        assert self.numbers(tmp_path) == list(range(len(rows)))

    def test_flushing_and_closing_twice_are_harmless(self, sink: Sink, tmp_path: Path) -> None:
        """Nothing is written twice."""
        sink.emit(make_row(0, {"n": 0}))
        for _ in range(2):
            sink.flush()
        for _ in range(2):
            sink.close()
        assert self.numbers(tmp_path) == [0]

    def test_a_sink_without_rows_is_flushed_and_closed(self, sink: Sink, tmp_path: Path) -> None:
        """As for a tracker that logs nothing."""
        sink.flush()
        sink.close()
        assert self.numbers(tmp_path) == []

    def test_a_row_after_closing_harms_nothing(self, sink: Sink, tmp_path: Path) -> None:
        """It may raise, be ignored or be written; earlier rows stay intact."""
        sink.emit(make_row(0, {"n": 0}))
        sink.close()
        with suppress(Exception):
            sink.emit(make_row(1, {"n": 1}))
        sink.close()
        assert self.numbers(tmp_path) in ([0], [0, 1])

    def test_a_second_sink_appends_to_the_first(self, sink: Sink, tmp_path: Path) -> None:
        """Rows of an earlier run stay."""
        sink.emit(make_row(0, {"n": 0}, run="run-1"))
        sink.close()
        with closing(self.open(tmp_path)) as second:
            second.emit(make_row(1, {"n": 1}, run="run-2"))
        assert self.numbers(tmp_path) == [0, 1]

    def test_rows_come_from_any_thread(self, sink: Sink, tmp_path: Path) -> None:
        """One at a time, which trackers ensure."""
        for number in range(4):
            run_together(partial(sink.emit, make_row(number, {"n": number})))
        run_together(sink.flush)
        run_together(sink.close)
        assert self.numbers(tmp_path) == list(range(4))

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
    def test_a_forked_child_writes_no_row_twice(self, tmp_path: Path) -> None:
        """Rows buffered before the fork belong to the parent."""
        self.read(tmp_path)
        remote_call(self.emit_around_a_fork, str(tmp_path))
        numbers = self.numbers(tmp_path)
        assert sorted(numbers) == [0, 1, 2, 3]
        assert [number for number in numbers if number != 1] == [0, 2, 3]

    def emit_around_a_fork(self, place: str) -> None:
        """Runs in another process: emit 0 before a fork, 1 in the child, 2 and 3 in the parent."""
        sink = self.open(Path(place))
        sink.emit(make_row(0, {"n": 0}))
        child = os.fork()
        if not child:
            code = 1
            try:
                sink.emit(make_row(1, {"n": 1}))
                sink.close()
                code = 0
            finally:
                os._exit(code)  # end without running the parent's cleanup
        sink.emit(make_row(2, {"n": 2}))
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            raise AssertionError("the sink failed in the forked child")
        sink.emit(make_row(3, {"n": 3}))
        sink.close()

    def test_a_tracker_emits_committed_rows_only(self, tmp_path: Path) -> None:
        """Each once, in the order of the database; no rejected row."""
        with Tracker(tmp_path / "track.db", plugins=[plugin_with("sinks", lambda _: self.open(tmp_path))]) as tracker:
            tracker.log({"n": 0})
            with pytest.raises(InvalidKeyError):
                tracker.log({"n": -1, "track_id": "mine"})
            tracker.log_batch([{"n": 1}, {"n": 2, "more": [1, 2]}])
            with pytest.raises(InvalidKeyError):
                tracker.log_batch([{"n": -1}, {"": 0, "timestamp": ""}])
            tracker.track(lambda: {"n": 3})
            tracker.flush()
            written, losses = self.numbers(tmp_path), tracker.losses
        assert losses == {}
        with Reader(tmp_path / "track.db") as reader:
            assert written == self.numbers(tmp_path) == reader.engine.read("events")["n"] == [0, 1, 2, 3]


class LogSinkContract(SinkContract):
    """`SinkContract` for a sink that also receives what is logged with `Tracker.logger`.

    `read_log(place)` returns pairs of level and event in order; an event is a mapping with at least the key `n`. Plain
    messages may be included or left out. Without it, the tests that need it are skipped. Declare `logger = True` if the
    sink creates the object that is `Tracker.logger`.
    """

    logger: ClassVar[bool] = False

    @abstractmethod
    def open(self, place: Path) -> LogSink:
        """Return an open sink that belongs to the folder `place`."""

    def read_log(self, place: Path) -> Sequence[tuple[str, Mapping[str, Any] | str]]:
        """Return the level and event of each call of `log` on sinks of `place`, in order."""
        found: Sequence[tuple[str, Mapping[str, Any] | str]] = self.skip_without("read_log")
        return found

    def events(self, place: Path) -> list[tuple[str, int]]:
        """The level and the `n` of each written event."""
        return [(level, int(event["n"])) for level, event in self.read_log(place) if not isinstance(event, str)]

    @pytest.fixture
    def sink(self, tmp_path: Path) -> Iterator[LogSink]:
        """A sink, closed after the test."""
        with closing(self.open(tmp_path)) as sink:
            yield sink

    def test_it_has_the_methods_of_a_log_sink(self, sink: LogSink) -> None:
        """`isinstance` accepts it."""
        assert isinstance(sink, LogSink)

    def test_events_of_every_level_are_written_in_order(self, sink: LogSink, tmp_path: Path) -> None:
        """One of them is the level of tracked rows."""
        levels = ["MONITOR", "EXPERIMENT", "TRACKING", "MONITOR"]
        for number, level in enumerate(levels):
            sink.log(level, make_row(number, {"n": number}))
        sink.close()
        assert self.events(tmp_path) == list(zip(levels, range(4), strict=True))

    def test_messages_of_every_level_are_accepted(self, sink: LogSink, tmp_path: Path) -> None:
        """Messages may be written or left out, but must not prevent events from being written."""
        messages = ["", "started", "two\nlines", "{} %s {time} <red>", "日本 🦙", "nul\0", '{"n": 9}'[:-1]]
        for level in ("DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL"):
            for message in messages:
                sink.log(level, message)
        sink.log("MONITOR", make_row(0, {"n": 0}))
        sink.close()
        assert self.events(tmp_path) == [("MONITOR", 0)]

    def test_an_event_is_not_changed(self, sink: LogSink) -> None:
        """Other sinks receive the same event."""
        event = make_row(0, dict(zip(AWKWARD_KEYS, AWKWARD_VALUES, strict=False)))
        before = dict(event)
        for level in ("MONITOR", "EXPERIMENT", "TRACKING"):
            sink.log(level, event)
        sink.flush()
        assert list(event) == list(before)
        assert exact([event]) == exact([before])

    def test_events_hold_every_key_and_value(self, sink: LogSink, tmp_path: Path) -> None:
        """All keys and values that rows may have."""
        events = [make_row(0, {"x": value, "n": 0}) for value in (None, *AWKWARD_VALUES)]
        events += [make_row(0, {key: 1, "n": 0}) for key in AWKWARD_KEYS]
        for event in events:
            sink.log("MONITOR", event)
        sink.close()
        assert self.events(tmp_path) == [("MONITOR", 0)] * len(events)

    def test_events_and_rows_may_come_from_different_threads(self, sink: LogSink, tmp_path: Path) -> None:
        """At the same time, because loggers do not take the tracker's lock. Nothing is lost or mixed."""

        def write(thread: int) -> None:
            for number in range(25):
                row = make_row(number, {"n": 100 * thread + number, "text": "x" * 200})
                sink.log("MONITOR", row) if thread else sink.emit(row)

        run_together(*(partial(write, thread) for thread in range(4)))
        sink.close()
        numbers = [number for _, number in self.events(tmp_path)]
        written = [[number for number in numbers if number // 100 == thread] for thread in (1, 2, 3)]
        assert written == [[100 * thread + number for number in range(25)] for thread in (1, 2, 3)]

    def test_its_logger_forwards_events(self, sink: LogSink) -> None:
        """It passes levels and events to `tell`, which forwards them to all sinks, and writes nothing itself."""
        self.require("logger")
        forwarded: list[tuple[str, Any]] = []
        with_logger: Any = sink
        logger = with_logger.logger(lambda level, event: forwarded.append((level, event)))
        logger.monitor({"n": 1})
        logger.info("a message")
        assert [level for level, _ in forwarded] == ["MONITOR", "INFO"]
        assert (forwarded[0][1]["n"], forwarded[1][1]) == (1, "a message")

    def test_a_tracker_forwards_logged_events(self, tmp_path: Path) -> None:
        """They do not enter the database."""
        self.require("logger")
        with Tracker(tmp_path / "track.db", plugins=[plugin_with("sinks", lambda _: self.open(tmp_path))]) as tracker:
            tracker.log({"n": 0})
            tracker.logger.monitor({"n": 1})
            assert tracker.losses == {}
        assert ("MONITOR", 1) in self.events(tmp_path)
        with Reader(tmp_path / "track.db") as reader:
            assert reader.engine.read("events")["n"] == [0]


def _emit_all(sink: Sink, rows: Sequence[Row], varied: str) -> None:
    """Emit all rows, and fail with a list of those that the sink rejected, by what varies."""
    rejected: list[tuple[Value | str, Exception]] = []
    for row in rows:
        try:
            sink.emit(row)
        except Exception as error:
            rejected.append((row.get("x") if varied == "x" else next(iter(row)), error))
    assert rejected == [], f"the sink rejected {rejected}"
