"""What every sink promises, as tests: one test a promise of `xetrack.plugin.Sink` and `LogSink`."""
# ruff: noqa: S101 - a test asserts, compares with plain numbers, and raises inside of blocks

import os
import threading
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest

from xetrack.errors import InvalidKeyError
from xetrack.plugin import LogSink, Row, Sink, Value
from xetrack.reader import Reader
from xetrack.tracker import Tracker
from xetrack_testing.contract import Contract, plugged
from xetrack_testing.elsewhere import elsewhere
from xetrack_testing.rows import AWKWARD_KEYS, AWKWARD_VALUES, make_row, spelt

__all__ = ["LogSinkContract", "SinkContract"]

_ROWS = 20


class SinkContract(Contract):
    """Subclass it as `Test...`, say how to open your sink, and how to read back what it wrote; then run pytest.

    ```python
    class TestMySink(SinkContract):
        def open(self, place: Path) -> MySink:
            return MySink(place / "log.txt")

        def read(self, place: Path) -> list[dict[str, int]]:
            return [json.loads(line) for line in (place / "log.txt").read_text().splitlines()]
    ```

    `open(place)` opens a sink that writes to, or may be found again by, the folder `place`, which is new for each test.
    `read(place)` gives what it wrote, in order: a mapping a row, with at least the row's key `n`, an int. What is not
    there yet is no row: it is also called when nothing was written. Without `read`, tests that need it are skipped.
    """

    @abstractmethod
    def open(self, place: Path) -> Sink:
        """An open sink that belongs to the folder `place`."""

    def read(self, place: Path) -> Sequence[Mapping[str, Any]]:
        """The rows that sinks of `place` wrote, in order."""
        found: Sequence[Mapping[str, Any]] = self.untold("read")
        return found

    def numbers(self, place: Path) -> list[int]:
        """The `n` of each row that was written."""
        return [int(row["n"]) for row in self.read(place)]

    @pytest.fixture
    def sink(self, tmp_path: Path) -> Iterator[Sink]:
        """A sink, closed after the test."""
        with ExitStack() as opened:
            yield opened.enter_context(closing(self.open(tmp_path)))

    def test_it_has_the_methods_of_a_sink(self, sink: Sink) -> None:
        """The protocol can be checked at run time."""
        assert isinstance(sink, Sink)

    def test_every_row_is_written_once_and_in_order(self, sink: Sink, tmp_path: Path) -> None:
        """Whatever their clocks said."""
        for number in range(_ROWS):
            sink.emit(make_row(_ROWS - number, {"n": number}))
        sink.close()
        assert self.numbers(tmp_path) == list(range(_ROWS))

    def test_flush_writes_out_what_is_held_back(self, sink: Sink, tmp_path: Path) -> None:
        """Each time."""
        for number in range(3):
            sink.emit(make_row(number, {"n": number}))
            sink.flush()
            assert self.numbers(tmp_path) == list(range(number + 1))

    def test_a_row_is_not_changed(self, sink: Sink) -> None:
        """Neither its values nor their order: other sinks get the same row."""
        row = make_row(0, dict(zip(AWKWARD_KEYS, AWKWARD_VALUES, strict=False)) | {"n": 0})
        before = dict(row)
        sink.emit(row)
        sink.flush()
        assert list(row) == list(before)
        assert spelt([row]) == spelt([before])

    def test_every_value_is_taken(self, sink: Sink, tmp_path: Path) -> None:
        """None, NaN, bytes, JSON, the longest ints: a row that has one is written, and so is the next."""
        rows = [make_row(number, {"x": value, "n": number}) for number, value in enumerate((None, *AWKWARD_VALUES))]
        _emit_all(sink, rows, "x")
        sink.close()
        assert self.numbers(tmp_path) == list(range(len(rows)))

    def test_every_key_is_taken(self, sink: Sink, tmp_path: Path) -> None:
        """Those too that look like SQL, like templates, or like nothing at all."""
        rows = [make_row(number, {key: 1, "n": number}) for number, key in enumerate(AWKWARD_KEYS)]
        _emit_all(sink, rows, "key")
        sink.close()
        assert self.numbers(tmp_path) == list(range(len(rows)))

    def test_flushing_and_closing_twice_do_nothing(self, sink: Sink, tmp_path: Path) -> None:
        """And write nothing again."""
        sink.emit(make_row(0, {"n": 0}))
        for _ in range(2):
            sink.flush()
        for _ in range(2):
            sink.close()
        assert self.numbers(tmp_path) == [0]

    def test_one_that_heard_nothing_is_flushed_and_closed(self, sink: Sink, tmp_path: Path) -> None:
        """A tracker may log nothing."""
        sink.flush()
        sink.close()
        assert self.numbers(tmp_path) == []

    def test_a_row_after_the_end_harms_nothing(self, sink: Sink, tmp_path: Path) -> None:
        """It may be refused with an exception, ignored, or written: what was written before is there, and whole."""
        sink.emit(make_row(0, {"n": 0}))
        sink.close()
        with suppress(Exception):
            sink.emit(make_row(1, {"n": 1}))
        sink.close()
        assert self.numbers(tmp_path) in ([0], [0, 1])

    def test_a_second_sink_goes_on_where_the_first_one_ended(self, sink: Sink, tmp_path: Path) -> None:
        """The rows of an earlier run stay."""
        sink.emit(make_row(0, {"n": 0}, run="run-1"))
        sink.close()
        with closing(self.open(tmp_path)) as second:
            second.emit(make_row(1, {"n": 1}, run="run-2"))
        assert self.numbers(tmp_path) == [0, 1]

    def test_rows_come_from_any_thread(self, sink: Sink, tmp_path: Path) -> None:
        """One at a time, as trackers see to."""
        for number in range(4):
            _in_thread(lambda number=number: sink.emit(make_row(number, {"n": number})))
        _in_thread(sink.flush)
        _in_thread(sink.close)
        assert self.numbers(tmp_path) == list(range(4))

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
    def test_a_forked_child_goes_on_and_no_row_is_written_twice(self, tmp_path: Path) -> None:
        """Rows held back at the fork are the parent's."""
        self.read(tmp_path)
        elsewhere(self.emit_around_a_fork, str(tmp_path))
        numbers = self.numbers(tmp_path)
        assert sorted(numbers) == [0, 1, 2, 3]
        assert [number for number in numbers if number != 1] == [0, 2, 3]

    def emit_around_a_fork(self, place: str) -> None:
        """Runs in a process of its own: 0 before the fork, 1 in the child, 2 and 3 in the parent."""
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
                os._exit(code)  # a tracker in a child ends so too, and runs no cleanup of its parent's
        sink.emit(make_row(2, {"n": 2}))
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            raise AssertionError("the sink failed in the forked child")
        sink.emit(make_row(3, {"n": 3}))
        sink.close()

    def test_a_tracker_tells_it_of_committed_rows_only(self, tmp_path: Path) -> None:
        """Each once, in the order of the database; none that was refused."""
        with Tracker(tmp_path / "track.db", plugins=[plugged("sinks", lambda _: self.open(tmp_path))]) as tracker:
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
    """As `SinkContract`, for a sink that also takes what `Tracker.logger` is told.

    `read_log(place)` gives the events that `log` wrote, in order: pairs of the level and a mapping with at least the
    event's key `n`. Messages of plain text may be among them, or left out. Without it, tests that need it are skipped.
    `logger`, if declared, says that the sink makes the object that `Tracker.logger` is.
    """

    logger: ClassVar[bool] = False

    @abstractmethod
    def open(self, place: Path) -> LogSink:
        """An open sink that belongs to the folder `place`."""

    def read_log(self, place: Path) -> Sequence[tuple[str, Mapping[str, Any] | str]]:
        """What sinks of `place` were told through `log`, in order, each with its level."""
        found: Sequence[tuple[str, Mapping[str, Any] | str]] = self.untold("read_log")
        return found

    def events(self, place: Path) -> list[tuple[str, int]]:
        """The level and the `n` of each event that was written."""
        return [(level, int(event["n"])) for level, event in self.read_log(place) if not isinstance(event, str)]

    @pytest.fixture
    def sink(self, tmp_path: Path) -> Iterator[LogSink]:
        """A sink, closed after the test."""
        with ExitStack() as opened:
            yield opened.enter_context(closing(self.open(tmp_path)))

    def test_it_has_the_methods_of_a_log_sink(self, sink: LogSink) -> None:
        """The protocol can be checked at run time."""
        assert isinstance(sink, LogSink)

    def test_events_of_every_level_are_written_in_order(self, sink: LogSink, tmp_path: Path) -> None:
        """Those too between tracked rows."""
        levels = ["MONITOR", "EXPERIMENT", "TRACKING", "MONITOR"]
        for number, level in enumerate(levels):
            sink.log(level, make_row(number, {"n": number}))
        sink.close()
        assert self.events(tmp_path) == list(zip(levels, range(4), strict=True))

    def test_messages_of_every_level_are_taken(self, sink: LogSink, tmp_path: Path) -> None:
        """Written or left out, they keep no event from being written: lines, markup and other letters included."""
        messages = ["", "started", "two\nlines", "{} %s {time} <red>", "日本 🦙", "nul\0", '{"n": 9}'[:-1]]
        for level in ("DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL"):
            for message in messages:
                sink.log(level, message)
        sink.log("MONITOR", make_row(0, {"n": 0}))
        sink.close()
        assert self.events(tmp_path) == [("MONITOR", 0)]

    def test_an_event_is_not_changed(self, sink: LogSink) -> None:
        """Other sinks get the same one."""
        event = make_row(0, dict(zip(AWKWARD_KEYS, AWKWARD_VALUES, strict=False)))
        before = dict(event)
        for level in ("MONITOR", "EXPERIMENT", "TRACKING"):
            sink.log(level, event)
        sink.flush()
        assert list(event) == list(before)
        assert spelt([event]) == spelt([before])

    def test_events_hold_every_key_and_value(self, sink: LogSink, tmp_path: Path) -> None:
        """As rows do."""
        events = [make_row(0, {"x": value, "n": 0}) for value in (None, *AWKWARD_VALUES)]
        events += [make_row(0, {key: 1, "n": 0}) for key in AWKWARD_KEYS]
        for event in events:
            sink.log("MONITOR", event)
        sink.close()
        assert self.events(tmp_path) == [("MONITOR", 0)] * len(events)

    def test_events_come_from_threads_while_rows_do(self, sink: LogSink, tmp_path: Path) -> None:
        """At the same time: a logger takes no lock of the tracker's. Nothing is lost or mixed."""
        start = threading.Barrier(4)
        failures: list[BaseException] = []

        def tell(thread: int) -> None:
            try:
                start.wait()
                for number in range(25):
                    row = make_row(number, {"n": 100 * thread + number, "text": "x" * 200})
                    sink.log("MONITOR", row) if thread else sink.emit(row)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=tell, args=(number,)) for number in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        sink.close()
        assert failures == []
        numbers = [number for _, number in self.events(tmp_path)]
        written = [[number for number in numbers if number // 100 == thread] for thread in (1, 2, 3)]
        assert written == [[100 * thread + number for number in range(25)] for thread in (1, 2, 3)]

    def test_its_logger_passes_on_what_it_is_told(self, sink: LogSink) -> None:
        """Levels and events go to `tell`, which passes them to all sinks; the logger writes nothing by itself."""
        self.require("logger")
        told: list[tuple[str, Any]] = []
        logger = getattr(sink, "logger")(lambda level, event: told.append((level, event)))  # noqa: B009 - not of all
        logger.monitor({"n": 1})
        logger.info("a message")
        assert [level for level, _ in told] == ["MONITOR", "INFO"]
        assert (told[0][1]["n"], told[1][1]) == (1, "a message")

    def test_a_tracker_passes_on_what_its_logger_is_told(self, tmp_path: Path) -> None:
        """And none of it gets into the database."""
        self.require("logger")
        with Tracker(tmp_path / "track.db", plugins=[plugged("sinks", lambda _: self.open(tmp_path))]) as tracker:
            tracker.log({"n": 0})
            tracker.logger.monitor({"n": 1})
            assert tracker.losses == {}
        assert ("MONITOR", 1) in self.events(tmp_path)
        with Reader(tmp_path / "track.db") as reader:
            assert reader.engine.read("events")["n"] == [0]


def _emit_all(sink: Sink, rows: Sequence[Row], varied: str) -> None:
    """Emit rows; those that the sink refuses are told together, by what varies."""
    refused: list[tuple[Value | str, Exception]] = []
    for row in rows:
        try:
            sink.emit(row)
        except Exception as error:
            refused.append((row.get("x") if varied == "x" else next(iter(row)), error))
    assert refused == [], f"these are refused: {refused}"


def _in_thread(function: Any) -> None:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            function()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert failures == []
