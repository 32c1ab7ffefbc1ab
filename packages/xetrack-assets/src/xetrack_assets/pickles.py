"""Pickles: the serializer for whatever no other one takes, and loading them without running a stranger's code."""

import builtins
import io
import pickle
from typing import Any

from xetrack.errors import UntrustedError
from xetrack.plugin import Buffer, check_memory

__all__ = ["PROTOCOL", "Pickles", "dump_plain", "load_plain"]

PROTOCOL = 5
"""Frozen: the hashes of objects depend on it, and so do the keys in tables of xetrack 0.x."""

_CONTAINERS = frozenset({"complex", "range", "slice"})  # sets need none: of a range, one would take all memory


class _PlainUnpickler(pickle.Unpickler):
    """Makes builtin containers, numbers and text, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """One of the builtins that do nothing when they are made."""
        if module == "builtins" and name in _CONTAINERS:
            return getattr(builtins, name)
        raise UntrustedError(f"{module}.{name}")


def dump_plain(value: object) -> bytes:
    """The pickle of a text or number."""
    return pickle.dumps(value, PROTOCOL)


def load_plain(data: Buffer) -> Any:
    """The builtin value in a pickle. Raises `UntrustedError`, naming the global, if it holds anything else.

    Raises `UnpicklingError` for a damaged one, that would take more memory than it has bytes.
    """
    check_memory(data)
    return _PlainUnpickler(io.BytesIO(data)).load()


class Pickles:
    """The serializer named "cloudpickle": takes any object, classes and functions of `__main__` and notebooks included.

    To load a pickle is to run what it says. Without trust, only builtin containers are loaded.
    """

    general = True

    def __init__(self, *, trusted: bool) -> None:
        self.safe = not trusted

    def takes(self, value: object) -> bool:
        """Any value."""
        return True

    def dumps(self, value: object) -> bytes:
        """The pickle of `value`."""
        from xetrack_assets import deterministic

        return deterministic.dumps(value)

    def loads(self, data: Buffer) -> object:
        """The value again."""
        if self.safe:
            return load_plain(data)
        from xetrack_assets import deterministic

        return deterministic.loads(data)
