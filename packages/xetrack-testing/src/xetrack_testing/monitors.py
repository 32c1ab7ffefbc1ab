"""What every monitor promises, as tests: one test a promise of `xetrack.plugin.Monitor` and `Gauge`."""
# ruff: noqa: S101 - a test asserts, compares with plain numbers, and raises inside of blocks

import sys
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar

from xetrack.plugin import Gauge, Monitor, Normaliser, check_key
from xetrack.tracker import Tracker
from xetrack_testing.contract import Contract, plugged
from xetrack_testing.elsewhere import elsewhere

__all__ = ["GaugeContract", "MonitorContract"]

_PROCESS_EVENTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec", "os.spawn"}


class MonitorContract(Contract):
    """Subclass it as `Test...`, say how to open your monitor, and run pytest.

    ```python
    class TestMyMonitor(MonitorContract):
        columns = ("allocated_blocks",)

        def open(self) -> MyMonitor:
            return MyMonitor()
    ```

    `open()` gives a fresh monitor, as one is opened for each call. `columns`, if declared, are the keys that it tells.
    `patience` is how many seconds a thread may take to end after the call.
    """

    columns: ClassVar[Collection[str]] = ()
    patience: ClassVar[float] = 10

    @abstractmethod
    def open(self) -> Monitor:
        """A fresh monitor."""

    def measured(self, work: Callable[[], object] = lambda: None) -> dict[str, Any]:
        """What a fresh monitor tells of a call, checked to be columns of a row."""
        monitor = self.open()
        monitor.start()
        work()
        return columns_of(monitor.stop())

    def test_it_has_the_methods_of_a_monitor(self) -> None:
        """The protocol can be checked at run time."""
        assert isinstance(self.open(), Monitor)

    def test_what_it_tells_can_be_columns(self) -> None:
        """Text for keys that are not xetrack's own, and values that a row can have."""
        assert self.measured()

    def test_it_tells_the_columns_that_are_declared(self) -> None:
        """No others, and all of them."""
        self.require("columns")
        assert sorted(self.measured()) == sorted(self.columns)

    def test_it_tells_the_same_columns_of_every_call(self) -> None:
        """With values of the same types, or None: of calls that do nothing, and of calls that do much."""
        check_same_columns([self.measured(work) for work in (_nothing, _much, _nothing, _much)])

    def test_calls_within_calls_are_measured_each_by_its_own(self) -> None:
        """A monitor is opened for each, and they end in any order."""
        outer, inner = self.open(), self.open()
        outer.start()
        inner.start()
        first = columns_of(outer.stop())
        check_same_columns([first, columns_of(inner.stop())])

    def test_threads_measure_at_the_same_time(self) -> None:
        """Each with a monitor of its own."""
        check_same_columns(at_once(lambda: self.measured(_much)))

    def test_a_call_that_raises_is_measured(self) -> None:
        """Its row has the error and the measurements."""
        row: Mapping[str, Any] = {}
        with self.tracker(raise_on_error=False) as tracker:
            tracker.track(lambda: 1 / 0)
            row = tracker.latest
        assert row["error"] == "ZeroDivisionError: division by zero"
        assert self.measured().keys() <= row.keys()

    def test_a_tracked_call_has_its_columns(self) -> None:
        """Beside the result, and without a warning."""
        with self.tracker() as tracker:
            assert tracker.track(_much) is None
            row = tracker.latest
        assert row["error"] == ""
        assert self.measured().keys() <= row.keys()

    def test_a_logged_row_has_its_columns(self) -> None:
        """Of the time since the last one, or of a moment."""
        with self.tracker() as tracker:
            rows = [tracker.log({"n": number}) for number in range(2)]
        assert all(self.measured().keys() <= row.keys() for row in rows)

    def tracker(self, **options: Any) -> Tracker:
        """A tracker that has it for a monitor."""
        return Tracker(Tracker.IN_MEMORY, plugins=[plugged("monitors", lambda _: self.open())], **options)

    def test_no_process_is_started(self) -> None:
        """That would cost more than what is measured."""
        assert elsewhere(self.processes_started) == []

    def processes_started(self) -> list[str]:
        """Runs in a process of its own, as what is once installed there listens for ever."""
        seen: list[str] = []
        sys.addaudithook(lambda event, _: seen.append(event) if event in _PROCESS_EVENTS else None)
        for _ in range(2):
            self.measured(_much)
        return seen

    def test_no_thread_outlives_the_call_for_long(self) -> None:
        """What looks on while a function runs ends when it does."""
        before = set(threading.enumerate())
        self.measured(_much)
        end = time.monotonic() + self.patience
        for thread in set(threading.enumerate()) - before:
            thread.join(max(end - time.monotonic(), 0))
        assert set(threading.enumerate()) - before == set()


class GaugeContract(MonitorContract):
    """As `MonitorContract`, for a monitor that also measures the time between two `log()`."""

    @abstractmethod
    def open(self) -> Gauge:
        """A fresh monitor."""

    def test_it_has_the_methods_of_a_gauge(self) -> None:
        """The protocol can be checked at run time."""
        assert isinstance(self.open(), Gauge)

    def test_every_read_tells_the_same_columns(self) -> None:
        """The first is for nobody; those after it tell what calls are told, with the same types, or None."""
        gauge = self.open()
        dict(gauge.read())
        told = []
        for work in (_nothing, _much, _nothing):
            work()
            told.append(columns_of(gauge.read()))
        check_same_columns([*told, self.measured()])

    def test_threads_read_it_at_the_same_time(self) -> None:
        """One gauge, shared by all that share the tracker."""
        gauge = self.open()
        gauge.read()
        check_same_columns(at_once(lambda: columns_of(gauge.read()), times=10))

    def test_a_call_is_measured_beside_it(self) -> None:
        """Reading goes on as before while a monitor of the same kind measures a call."""
        gauge = self.open()
        gauge.read()

        def work() -> None:
            _much()
            gauge.read()

        told = self.measured(work)
        check_same_columns([told, columns_of(gauge.read())])


def columns_of(told: Mapping[str, Any]) -> dict[str, Any]:
    """What was told, as the columns it becomes. Raises `AssertionError` or a `ValueError` if it cannot."""
    assert isinstance(told, Mapping), f"a mapping is to be told, not {told!r}"
    row = dict(told)
    for key in row:
        check_key(key)
    Normaliser()(row, _no_object)
    return row


def _no_object(key: str, value: object, _: Sequence[str] = ()) -> str:
    raise AssertionError(f"{key!r} is a {type(value).__qualname__}, which is no value of a row")


def check_same_columns(told: list[dict[str, Any]]) -> None:
    """Raise `AssertionError` unless all have the same keys, and each key values of one type, or None."""
    keys = [sorted(each) for each in told]
    assert keys == keys[:1] * len(keys)
    kinds = {key: {type(each[key]).__name__ for each in told} - {"NoneType"} for key in keys[0]}
    assert {key: found for key, found in kinds.items() if len(found) > 1} == {}


def at_once(tell: Callable[[], dict[str, Any]], threads: int = 4, times: int = 1) -> list[dict[str, Any]]:
    """What some threads are told that begin at the same time. Raises what any of them raised."""
    start = threading.Barrier(threads)
    told: list[dict[str, Any]] = []
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            start.wait()
            told.extend([tell() for _ in range(times)])
        except BaseException as error:
            failures.append(error)

    started = [threading.Thread(target=ask) for _ in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    for failure in failures:
        raise failure
    return told


def _nothing() -> None:
    """Takes no time."""


def _much() -> None:
    """Takes some hundredths of a second, and some memory."""
    end = time.perf_counter() + 0.03
    while time.perf_counter() < end:
        _ = bytearray(100_000)
