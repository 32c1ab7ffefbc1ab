"""Pickles of strangers, looked at before they are loaded."""

import pickle
import pickletools

__all__ = ["check_memory"]

_PUTS = {"PUT", "LONG_BINPUT"}


def check_memory(data: bytes | bytearray | memoryview) -> None:
    """Raise `UnpicklingError` for a pickle of a few bytes that would take gigabytes to load.

    C's unpickler makes its memo as long as the highest place that is written to, and a place is any number of 32 bits:
    ten bytes took 20 GB and a minute (CPython 3.11). What Python writes puts nothing beyond the number of bytes.
    """
    plain = bytes(data)
    if b"r" not in plain and b"p" not in plain:  # neither of the operations that name a place
        return
    try:
        for operation, place, _ in pickletools.genops(plain):
            if operation.name in _PUTS and isinstance(place, int) and place > len(plain):
                raise pickle.UnpicklingError(f"a pickle of {len(plain)} bytes refers to place {place}: it is damaged")
    except ValueError as error:
        raise pickle.UnpicklingError(f"the pickle is damaged: {error}") from error
