"""GPUs, as a fake NVML tells of them: functions of the real nvidia-ml-py are replaced, so each must be there."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pynvml
import pytest

from xetrack import Tracker
from xetrack_monitors import gpu

MIB = 2**20


class FakeNvml:
    """Two GPUs in a machine; what is in `cannot` raises, as where a GPU or the driver does not support it."""

    def __init__(self):
        self.uuids = ["GPU-aaaa1111", "GPU-bbbb2222"]
        self.used = [100 * MIB, 300 * MIB]
        self.cannot = set()
        self.asked = []

    def call(self, name, *arguments):
        self.asked.append(name)
        if name in self.cannot:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return getattr(self, name)(*arguments)

    def nvmlInit(self):  # noqa: N802 - NVML's name, as below
        pass

    def nvmlDeviceGetCount(self):  # noqa: N802
        return len(self.uuids)

    def nvmlDeviceGetHandleByIndex(self, index):  # noqa: N802
        if index >= len(self.uuids):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_INVALID_ARGUMENT)
        return index

    def nvmlDeviceGetHandleByUUID(self, uuid):  # noqa: N802
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)

    def nvmlDeviceGetUUID(self, handle):  # noqa: N802
        return self.uuids[handle]

    def nvmlDeviceGetUtilizationRates(self, handle):  # noqa: N802
        return SimpleNamespace(gpu=(20, 80)[handle], memory=1)

    def nvmlDeviceGetMemoryInfo(self, handle):  # noqa: N802
        return SimpleNamespace(total=1000 * MIB, used=self.used[handle], free=0)

    def nvmlDeviceGetPowerUsage(self, handle):  # noqa: N802
        return (50_000, 250_500)[handle]


@pytest.fixture
def nvml(monkeypatch):
    fake = FakeNvml()
    for name in dir(FakeNvml):
        if name.startswith("nvml"):
            monkeypatch.setattr(pynvml, name, lambda *arguments, name=name: fake.call(name, *arguments))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    gpu._gpus.cache_clear()
    yield fake
    gpu._gpus.cache_clear()


@pytest.fixture
def tracker(nvml):
    with Tracker(":memory:", log_system_params=True) as tracker:
        yield tracker


def test_utilisation_is_the_mean_memory_and_power_are_the_sum(tracker):
    for row in (tracker.log({}), tracker.track(abs, -1) and tracker.latest):
        assert row["gpu"] == 50
        assert row["gpu_memory_percent"] == 20
        assert row["peak_gpu_memory_mb"] == 400
        assert row["gpu_power"] == 300.5


def test_the_peak_of_memory_is_the_highest_that_was_seen(nvml, monkeypatch):
    monkeypatch.setattr(gpu, "FRESH", -1)
    tracker = Tracker(":memory:", log_system_params=True, measurement_interval=0.001)

    def use():
        nvml.used = [800 * MIB, 900 * MIB]
        nvml.asked.clear()
        while nvml.asked.count("nvmlDeviceGetPowerUsage") < 4:  # a look is over, and another
            pass
        nvml.used = [0, 0]

    tracker.track(use)

    assert tracker.latest["peak_gpu_memory_mb"] == 1700
    assert 0 < tracker.latest["gpu_memory_percent"] <= 85


def test_short_calls_share_a_reading(tracker, nvml, monkeypatch):
    monkeypatch.setattr(gpu, "FRESH", 3600)
    nvml.asked.clear()

    for _ in range(5):
        tracker.track(abs, -1)
        tracker.log({})

    assert nvml.asked.count("nvmlDeviceGetPowerUsage") == 2  # one reading, of two GPUs
    assert "nvmlInit" not in nvml.asked  # that was when the tracker was made


@pytest.mark.parametrize(
    ("cannot", "columns"),
    [
        ("nvmlDeviceGetUtilizationRates", {"gpu_memory_percent", "peak_gpu_memory_mb", "gpu_power"}),
        ("nvmlDeviceGetMemoryInfo", {"gpu", "gpu_power"}),
        ("nvmlDeviceGetPowerUsage", {"gpu", "gpu_memory_percent", "peak_gpu_memory_mb"}),
    ],
)
def test_what_a_gpu_cannot_tell_is_left_out(nvml, cannot, columns):
    nvml.cannot = {cannot}

    row = Tracker(":memory:", log_system_params=True).log({})

    assert {key for key in row if "gpu" in key} == columns
    assert row["cpu"] is not None


@pytest.mark.parametrize(
    ("visible", "power"),
    [
        ("0,1", 300.5),
        ("1", 250.5),
        (" 0", 50),
        ("1,0", 300.5),
        ("GPU-bbbb", 250.5),
        ("GPU-aaaa1111,GPU-bbbb2222", 300.5),
        ("0,7,1", 50),
        ("0,-1,1", 50),
    ],
)
def test_only_visible_gpus_count(nvml, visible, power, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert Tracker(":memory:", log_system_params=True).log({})["gpu_power"] == power


@pytest.mark.parametrize("visible", ["", "-1", "none", "GPU-cccc", "MIG-1"])
def test_where_no_gpu_is_visible_there_are_no_columns(nvml, visible, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert not any("gpu" in key for key in Tracker(":memory:", log_system_params=True).log({}))


@pytest.mark.parametrize("cannot", ["nvmlInit", "nvmlDeviceGetCount", "nvmlDeviceGetHandleByIndex"])
def test_without_driver_or_gpu_it_is_silently_absent(nvml, cannot):
    nvml.cannot = {cannot}

    assert not any("gpu" in key for key in Tracker(":memory:", log_system_params=True).log({}))


def test_a_gpu_that_is_lost_meanwhile_costs_nothing(nvml, tracker, monkeypatch):
    monkeypatch.setattr(gpu, "FRESH", -1)
    nvml.cannot = {"nvmlDeviceGetUtilizationRates", "nvmlDeviceGetMemoryInfo", "nvmlDeviceGetPowerUsage"}

    assert not any("gpu" in key for key in tracker.log({}))


def test_a_process_after_a_fork_asks_anew(nvml, tracker):
    first = gpu._gpus(os.getpid())

    assert gpu._gpus(os.getpid()) is first
    assert gpu._gpus(-1) is not first
    assert nvml.asked.count("nvmlInit") == 2


@pytest.mark.parametrize("library", ["missing", "real"])
def test_without_the_library_or_with_the_real_one_a_row_is_logged_in_silence(library):
    hide = "sys.modules['pynvml'] = None" if library == "missing" else ""
    code = f"""
import sys
{hide}
from xetrack import Tracker
row = Tracker(":memory:", log_system_params=True).log({{"x": 1}})
print(any("gpu" in key for key in row), row["cpu"] is not None)
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)

    assert done.stderr == ""
    assert done.stdout.split()[1] == "True"
    if library == "missing":
        assert done.stdout.split()[0] == "False"
