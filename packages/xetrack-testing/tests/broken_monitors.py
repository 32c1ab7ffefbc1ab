"""Monitors with one fault each."""

import subprocess
import sys
import threading
from pathlib import Path

from proving import broken

import xetrack
from xetrack_testing import GaugeContract, MonitorContract

CORE = Path(xetrack.__file__).parent


class Blocks:
    """Counts blocks of memory."""

    def __init__(self):
        self.before = 0

    def start(self):
        self.before = sys.getallocatedblocks()

    def stop(self):
        return {"blocks": sys.getallocatedblocks() - self.before, "most": None}


class BlockGauge(Blocks):
    """Counts them between two reads too."""

    def read(self):
        told = {"blocks": sys.getallocatedblocks(), "most": None}
        self.start()
        return told


class RightMonitor(MonitorContract):
    made = Blocks
    patience = 0.1
    columns = ("blocks", "most")

    def open(self):
        return self.made()


class RightGauge(GaugeContract):
    made = BlockGauge
    columns = ("blocks", "most")

    def open(self):
        return self.made()


class TestRightGauge(RightGauge):
    pass


@broken(RightMonitor, "test_it_has_the_methods_of_a_monitor")
class WithoutStart(Blocks):
    start = None


@broken(RightMonitor, "test_its_values_can_be_columns")
class TellsATimestamp(Blocks):
    def stop(self):
        return {**super().stop(), "timestamp": 1}


@broken(RightMonitor, "test_its_values_can_be_columns")
class TellsObjects(Blocks):
    def stop(self):
        return {**super().stop(), "me": self}


@broken(RightMonitor, "test_its_values_can_be_columns")
class TellsNumberedKeys(Blocks):
    def stop(self):
        return {**super().stop(), 5: 5}


@broken(RightMonitor, "test_its_values_can_be_columns")
class TellsPairs(Blocks):
    def stop(self):
        return list(super().stop().items())


@broken(RightMonitor, "test_its_values_can_be_columns")
class TellsNothing(Blocks):
    def stop(self):
        return {}


@broken(RightMonitor, "test_it_returns_the_declared_columns")
class TellsMore(Blocks):
    def stop(self):
        return {**super().stop(), "more": 1}


@broken(RightMonitor, "test_every_call_has_the_same_columns")
class LeavesOutWhatIsNone(Blocks):
    calls = 0

    def stop(self):
        type(self).calls += 1
        return super().stop() if self.calls % 2 else {"blocks": 1}


@broken(RightMonitor, "test_every_call_has_the_same_columns")
class TellsTextAndNumbers(Blocks):
    calls = 0

    def stop(self):
        type(self).calls += 1
        return {"blocks": 1 if self.calls % 2 else "many", "most": None}


@broken(RightMonitor, "test_nested_calls_are_measured_separately", "test_threads_measure_at_the_same_time")
class OneForAll(Blocks):
    running = False

    def start(self):
        assert not OneForAll.running, "it measures already"
        OneForAll.running = True

    def stop(self):
        OneForAll.running = False
        return super().stop()


@broken(RightMonitor, "test_threads_measure_at_the_same_time")
class OfTheMainThread(Blocks):
    def start(self):
        assert threading.current_thread() is threading.main_thread()
        super().start()


@broken(RightMonitor, "test_a_call_that_raises_is_measured")
class LooksForAnError(Blocks):
    def stop(self):
        assert sys.exc_info()[0] is None
        return super().stop()


@broken(RightMonitor, "test_a_tracked_call_has_its_columns", "test_a_logged_row_has_its_columns")
class MeasuresAlone(Blocks):
    """Returns other columns when a tracker calls it."""

    def stop(self):
        inside = any(Path(file).is_relative_to(CORE) for file in callers())
        return {"blocks": 1} if inside else super().stop()


def callers():
    frame = sys._getframe(2)
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back


@broken(RightMonitor, "test_no_process_is_started")
class AsksAProgram(Blocks):
    def stop(self):
        subprocess.run([sys.executable, "-c", ""], check=True)
        return super().stop()


@broken(RightMonitor, "test_no_thread_outlives_the_call_for_long")
class LooksOnForEver(Blocks):
    def start(self):
        super().start()
        threading.Thread(target=threading.Event().wait, args=(30,), daemon=True).start()


@broken(RightGauge, "test_it_has_the_methods_of_a_gauge")
class CannotBeRead(Blocks):
    pass


@broken(RightGauge, "test_every_read_returns_the_same_columns")
class ReadsOther(BlockGauge):
    def read(self):
        return {"blocks_read": 1}


@broken(RightGauge, "test_every_read_returns_the_same_columns")
class ReadsOnce(BlockGauge):
    def read(self):
        told, self.told = getattr(self, "told", super().read()), {}
        return told


@broken(RightGauge, "test_threads_read_it_at_the_same_time")
class ReadByOne(BlockGauge):
    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()

    def read(self):
        if threading.current_thread() is threading.main_thread():
            return super().read()
        assert self.lock.acquire(blocking=False), "somebody else reads it"
        try:
            threading.Event().wait(0.01)
            return super().read()
        finally:
            self.lock.release()


@broken(RightGauge, "test_a_call_is_measured_beside_it")
class EitherIsMeasured(BlockGauge):
    measuring = False

    def start(self):
        EitherIsMeasured.measuring = True
        super().start()

    def stop(self):
        EitherIsMeasured.measuring = False
        return super().stop()

    def read(self):
        if EitherIsMeasured.measuring:
            raise RuntimeError("a call is measured")
        return {"blocks": 1, "most": None}
