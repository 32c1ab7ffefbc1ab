"""Network traffic of the machine."""

import psutil

__all__ = ["MIB", "Network"]

MIB = 2**20


class Network:
    """Counts the bytes of all network interfaces, loopback included, of the whole machine or container."""

    def __init__(self) -> None:
        self._before: tuple[int, int] | None = None

    def begin(self) -> None:
        """Read the counters."""
        self._before = _counted()

    def end(self) -> dict[str, float | None]:
        """Return how far they advanced, in MiB.

        None if there is no interface; 0 if one disappeared and took its count along.
        """
        before, after = self._before, _counted()
        if before is None or after is None:
            return {"bytes_sent": None, "bytes_recv": None}
        sent, received = (max(0, late - early) / MIB for early, late in zip(before, after, strict=True))
        return {"bytes_sent": sent, "bytes_recv": received}


def _counted() -> tuple[int, int] | None:
    # nowrap=True, for 32-bit counters that wrap around, holds a lock that a forked child may find taken.
    counters = psutil.net_io_counters(nowrap=False)
    return (counters.bytes_sent, counters.bytes_recv) if counters else None
