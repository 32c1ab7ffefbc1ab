"""Measurements of tracked calls: processor, memory, disk, network, GPUs.

Chosen with `Tracker(log_system_params=True, log_network_params=True, measurement_interval=0.1)`.
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
    """One provider for all, since an option has one owner and the interval is everybody's."""
    return [Provider("system", _open, MonitorOptions)]
