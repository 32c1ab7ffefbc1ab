"""Every combination of measurements keeps the contract that xetrack asks of everybody's monitors."""

from xetrack.plugin import Context
from xetrack_monitors import MonitorOptions
from xetrack_monitors.monitor import open_monitor
from xetrack_testing import GaugeContract

SYSTEM = ("cpu", "memory_percent", "p_memory_percent", "peak_memory_mb", "added_memory_mb", "disk_percent")
NETWORK = ("bytes_sent", "bytes_recv")


class TestNetwork(GaugeContract):
    columns = NETWORK

    def open(self):
        return open_monitor(MonitorOptions(log_network_params=True), Context(":memory:"))


class TestAll(GaugeContract):
    def open(self):
        options = MonitorOptions(log_system_params=True, log_network_params=True, measurement_interval=0.01)
        return open_monitor(options, Context(":memory:"))

    def test_it_tells_the_columns_that_are_documented(self):
        assert {*SYSTEM, *NETWORK} <= set(self.measured())
