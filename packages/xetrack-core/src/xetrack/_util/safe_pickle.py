"""Checks of untrusted pickles before they are loaded."""

import pickle
import pickletools

__all__ = ["check_memory"]

_PUTS = {"PUT", "LONG_BINPUT"}


def check_memory(data: bytes | bytearray | memoryview) -> None:
    """Raise `UnpicklingError` for a small pickle that would allocate gigabytes.

    C's unpickler makes its memo as long as the highest index that is written, and an index is any number of 32 bits:
    ten bytes took 20 GB and a minute (CPython 3.11). Pickles that Python writes use no index beyond their size.
    """
    plain = bytes(data)
    # Only these two operations name an index.
    if b"r" not in plain and b"p" not in plain:
        return
    try:
        for operation, place, _ in pickletools.genops(plain):
            if operation.name in _PUTS and isinstance(place, int) and place > len(plain):
                raise pickle.UnpicklingError(f"the pickle is damaged: its {len(plain)} bytes refer to index {place}")
    except ValueError as error:
        raise pickle.UnpicklingError(f"the pickle is damaged: {error}") from error
