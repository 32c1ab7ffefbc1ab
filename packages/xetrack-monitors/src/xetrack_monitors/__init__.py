"""Measure tracked calls: processor, memory, disk, network and GPUs.

Tracker("runs.db", log_system_params=True, log_network_params=True, measurement_interval=0.1)
"""

from collections.abc import Sequence

from xetrack.plugin import Context, Monitor, Provider, hookimpl
from xetrack_monitors.options import MonitorOptions

__all__ = ["MonitorOptions", "xetrack_monitors"]

xetrack_api = 1


def _open(options: MonitorOptions, context: Context) -> Monitor | None:
    if not options.log_system_params and not options.log_network_params:
        return None
    from xetrack_monitors.monitor import open_monitor  # brings psutil

    return open_monitor(options, context)


@hookimpl
def xetrack_monitors() -> Sequence[Provider[Monitor]]:
    """Return one provider for all measurements, because they share the interval and an option has one owner."""
    return [Provider("system", _open, MonitorOptions)]
