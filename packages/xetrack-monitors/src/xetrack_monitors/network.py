"""What the machine sent and received."""

import psutil

__all__ = ["MIB", "Network"]

MIB = 2**20


class Network:
    """Counts on all network interfaces, the loopback among them, of the whole machine (or the container)."""

    def __init__(self) -> None:
        self._before: tuple[int, int] | None = None

    def begin(self) -> None:
        """Look at the counters."""
        self._before = _counted()

    def end(self) -> dict[str, float | None]:
        """What they gained, in MiB; None where there is no interface. One that vanished takes its count along: 0."""
        before, after = self._before, _counted()
        if before is None or after is None:
            return {"bytes_sent": None, "bytes_recv": None}
        sent, received = (max(0, late - early) / MIB for early, late in zip(before, after, strict=True))
        return {"bytes_sent": sent, "bytes_recv": received}


def _counted() -> tuple[int, int] | None:
    # nowrap would keep a lock that a forked child may find taken, for counters of 32 bits that nobody has any more
    counters = psutil.net_io_counters(nowrap=False)
    return (counters.bytes_sent, counters.bytes_recv) if counters else None
