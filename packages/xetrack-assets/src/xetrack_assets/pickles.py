"""The serializer of everything else: pickles, which can be loaded without running a stranger's code."""

import builtins
import io
import pickle
from typing import Any

from xetrack.errors import UntrustedError
from xetrack.plugin import Buffer, check_memory

__all__ = ["PROTOCOL", "Pickles", "dump_plain", "load_plain"]

PROTOCOL = 5
"""Frozen, because the hashes of objects depend on it, and so do keys in the tables of 0.x."""

# Not set: set(range(10**12)) is a short pickle, too. Pickles of sets do not need it.
_CONTAINERS = frozenset({"complex", "range", "slice"})


class _PlainUnpickler(pickle.Unpickler):
    """Loads builtin containers, numbers and text, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Return one of the builtins that are harmless to call."""
        if module == "builtins" and name in _CONTAINERS:
            return getattr(builtins, name)
        raise UntrustedError(f"{module}.{name}")


def dump_plain(value: object) -> bytes:
    """Return the pickle of a text or number."""
    return pickle.dumps(value, PROTOCOL)


def load_plain(data: Buffer) -> Any:
    """Load a pickle of builtin values.

    Raises:
        UntrustedError: It contains anything else, which the message names.
        UnpicklingError: It is damaged, and would take more memory than it has bytes.
    """
    check_memory(data)
    return _PlainUnpickler(io.BytesIO(data)).load()


class Pickles:
    """The serializer "cloudpickle": any object, including classes and functions of scripts and notebooks.

    Loading a pickle runs the code in it. Unless `trusted`, only builtin containers are loaded.
    """

    general = True

    def __init__(self, *, trusted: bool) -> None:
        self.safe = not trusted

    def takes(self, value: object) -> bool:
        """Take any value."""
        return True

    def dumps(self, value: object) -> bytes:
        """Return the pickle of a value."""
        from xetrack_assets import deterministic

        return deterministic.dumps(value)

    def loads(self, data: Buffer) -> object:
        """Return the value. Raises `UntrustedError` if it could run code and is not trusted."""
        if self.safe:
            return load_plain(data)
        from xetrack_assets import deterministic

        return deterministic.loads(data)
