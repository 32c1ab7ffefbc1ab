"""The options of `Tracker` that this package claims."""

from dataclasses import dataclass

__all__ = ["MonitorOptions"]

LEAST_INTERVAL = 0.001


@dataclass(frozen=True, slots=True)
class MonitorOptions:
    """The options of trackers that xetrack-monitors claims: what is measured.

    Attributes:
        log_system_params: whether to measure processor, memory, disk, and the GPUs if there are any.
        log_network_params: whether to measure bytes sent and received.
        measurement_interval: seconds between two looks during a call, at least 0.001; alone it asks for nothing.

    Raises:
        ValueError, TypeError: the interval is none. A tracker raises `OptionError` in their place.
    """

    log_system_params: bool = False
    log_network_params: bool = False
    measurement_interval: float = 0.1

    def __post_init__(self) -> None:
        if not LEAST_INTERVAL <= self.measurement_interval < float("inf"):
            message = f"measurement_interval is in seconds, {LEAST_INTERVAL} or more, not {self.measurement_interval!r}"
            raise ValueError(message)
