"""What every monitor promises: one test per promise of `xetrack.plugin.Monitor` and `Gauge`."""

import sys
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar

from xetrack import Tracker
from xetrack.plugin import Gauge, Monitor, Normaliser, check_key
from xetrack_testing.contract import Contract, plugin_with
from xetrack_testing.remote_call import remote_call
from xetrack_testing.threads import run_together

__all__ = ["GaugeContract", "MonitorContract"]

_PROCESS_EVENTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec", "os.spawn"}


class MonitorContract(Contract):
    """Subclass it as `Test...`, define how to open your monitor, and run pytest.

    ```python
    class TestMyMonitor(MonitorContract):
        columns = ("allocated_blocks",)

        def open(self) -> MyMonitor:
            return MyMonitor()
    ```

    `open()` returns a new monitor, because each call has its own. `columns`, if declared, are the keys that it returns.
    `patience` is the number of seconds in which its threads must end after a call.
    """

    columns: ClassVar[Collection[str]] = ()
    patience: ClassVar[float] = 10

    @abstractmethod
    def open(self) -> Monitor:
        """Return a new monitor."""

    def measured(self, work: Callable[[], object] = lambda: None) -> dict[str, Any]:
        """Measure a call with a new monitor, and return the columns."""
        monitor = self.open()
        monitor.start()
        work()
        return columns_of(monitor.stop())

    def test_it_has_the_methods_of_a_monitor(self) -> None:
        """`isinstance` accepts it."""
        assert isinstance(self.open(), Monitor)

    def test_its_values_can_be_columns(self) -> None:
        """Keys are text and not reserved, and rows accept the values."""
        assert self.measured()

    def test_it_returns_the_declared_columns(self) -> None:
        """Exactly these."""
        self.require("columns")
        assert sorted(self.measured()) == sorted(self.columns)

    def test_every_call_has_the_same_columns(self) -> None:
        """With values of the same types, or None, whatever the call does."""
        check_same_columns([self.measured(work) for work in (_nothing, _much, _nothing, _much)])

    def test_nested_calls_are_measured_separately(self) -> None:
        """Each has a monitor of its own, and they may end in any order."""
        outer, inner = self.open(), self.open()
        outer.start()
        inner.start()
        first = columns_of(outer.stop())
        check_same_columns([first, columns_of(inner.stop())])

    def test_threads_measure_at_the_same_time(self) -> None:
        """Each with its own monitor."""
        check_same_columns(run_together(*[lambda: self.measured(_much)] * 4))

    def test_a_call_that_raises_is_measured(self) -> None:
        """Its row contains the error and the measurements."""
        row: Mapping[str, Any] = {}
        with self.tracker(raise_on_error=False) as tracker:
            tracker.track(lambda: 1 / 0)
            row = tracker.latest
        assert row["error"] == "ZeroDivisionError: division by zero"
        assert self.measured().keys() <= row.keys()

    def test_a_tracked_call_has_its_columns(self) -> None:
        """Next to its result, without a warning."""
        with self.tracker() as tracker:
            assert tracker.track(_much) is None
            row = tracker.latest
        assert row["error"] == ""
        assert self.measured().keys() <= row.keys()

    def test_a_logged_row_has_its_columns(self) -> None:
        """Measured since the previous row, or at that moment."""
        with self.tracker() as tracker:
            rows = [tracker.log({"n": number}) for number in range(2)]
        assert all(self.measured().keys() <= row.keys() for row in rows)

    def tracker(self, **options: Any) -> Tracker:
        """Return a tracker that uses the monitor."""
        return Tracker(Tracker.IN_MEMORY, plugins=[plugin_with("monitors", lambda _: self.open())], **options)

    def test_no_process_is_started(self) -> None:
        """Starting a process would cost more than the measured call."""
        assert remote_call(self.processes_started) == []

    def processes_started(self) -> list[str]:
        """Runs in another process, because an audit hook cannot be removed."""
        seen: list[str] = []
        sys.addaudithook(lambda event, _: seen.append(event) if event in _PROCESS_EVENTS else None)
        for _ in range(2):
            self.measured(_much)
        return seen

    def test_no_thread_outlives_the_call_for_long(self) -> None:
        """Sampling threads end with the call."""
        before = set(threading.enumerate())
        self.measured(_much)
        end = time.monotonic() + self.patience
        for thread in set(threading.enumerate()) - before:
            thread.join(max(end - time.monotonic(), 0))
        assert set(threading.enumerate()) - before == set()


class GaugeContract(MonitorContract):
    """`MonitorContract` for a monitor that also measures between two calls of `log()`."""

    @abstractmethod
    def open(self) -> Gauge:
        """Return a new monitor."""

    def test_it_has_the_methods_of_a_gauge(self) -> None:
        """`isinstance` accepts it."""
        assert isinstance(self.open(), Gauge)

    def test_every_read_returns_the_same_columns(self) -> None:
        """After the first read, which is discarded: the columns and types of a call, or None."""
        gauge = self.open()
        dict(gauge.read())
        reads = []
        for work in (_nothing, _much, _nothing):
            work()
            reads.append(columns_of(gauge.read()))
        check_same_columns([*reads, self.measured()])

    def test_threads_read_it_at_the_same_time(self) -> None:
        """All users of a tracker share one gauge."""
        gauge = self.open()
        gauge.read()
        reads = run_together(*[lambda: [columns_of(gauge.read()) for _ in range(10)]] * 4)
        check_same_columns([read for each in reads for read in each])

    def test_a_call_is_measured_beside_it(self) -> None:
        """While a monitor of the same kind measures a call, the gauge can still be read."""
        gauge = self.open()
        gauge.read()

        def work() -> None:
            _much()
            gauge.read()

        check_same_columns([self.measured(work), columns_of(gauge.read())])


def columns_of(measured: Mapping[str, Any]) -> dict[str, Any]:
    """Return measurements as columns. Raises `AssertionError` or `ValueError` if rows do not accept them."""
    assert isinstance(measured, Mapping), f"a monitor must return a mapping, not {measured!r}"
    row = dict(measured)
    for key in row:
        check_key(key)
    Normaliser()(row, _no_object)
    return row


def _no_object(key: str, value: object, _: Sequence[str] = ()) -> str:
    raise AssertionError(f"{key!r} is a {type(value).__qualname__}, which a row cannot hold")


def check_same_columns(rows: list[dict[str, Any]]) -> None:
    """Raise `AssertionError` unless all have the same keys, with values of one type per key, or None."""
    keys = [sorted(each) for each in rows]
    assert keys == keys[:1] * len(keys)
    kinds = {key: {type(each[key]).__name__ for each in rows} - {"NoneType"} for key in keys[0]}
    assert {key: found for key, found in kinds.items() if len(found) > 1} == {}


def _nothing() -> None:
    """Do nothing."""


def _much() -> None:
    """Use 30 ms and some memory."""
    end = time.perf_counter() + 0.03
    while time.perf_counter() < end:
        _ = bytearray(100_000)
