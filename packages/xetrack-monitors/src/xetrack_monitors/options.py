"""Options of `Tracker` for measurements."""

from dataclasses import dataclass

__all__ = ["MonitorOptions"]

LEAST_INTERVAL = 0.001


@dataclass(frozen=True, slots=True)
class MonitorOptions:
    """What a tracker measures.

    Attributes:
        log_system_params: Measure processor, memory, disk, and GPUs if there are any.
        log_network_params: Measure bytes sent and received.
        measurement_interval: Seconds between two samples during a call, 0.001 or more. Has no effect without a monitor.

    Raises:
        ValueError, TypeError: The interval is not such a number. A tracker raises `OptionError` instead.
    """

    log_system_params: bool = False
    log_network_params: bool = False
    measurement_interval: float = 0.1

    def __post_init__(self) -> None:
        if not LEAST_INTERVAL <= self.measurement_interval < float("inf"):
            message = f"measurement_interval={self.measurement_interval!r}: use at least {LEAST_INTERVAL} seconds."
            raise ValueError(message)
