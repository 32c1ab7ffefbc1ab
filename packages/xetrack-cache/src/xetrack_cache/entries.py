"""What is stored under a key: the run that computed the result, and the result, so that damage is noticed.

An entry is `xetrack1`, a digest of the rest and of the key, the length of the track id, the track id, and a pickle of
protocol 5. It is bytes for every back end: none is ever asked to pickle.
"""

import io
import pickle
from hashlib import blake2b
from typing import Any

from xetrack.errors import UntrustedError

__all__ = ["load", "pack", "unpack"]

_MAGIC = b"xetrack1"
_DIGEST = 16
_START = len(_MAGIC) + _DIGEST
_PROTOCOL = 5
_BUILTINS = {("builtins", name): eval(name) for name in ("bytearray", "complex", "frozenset", "set")}  # noqa: S307


def pack(key: str, result: object, track_id: str) -> bytes:
    """The entry of a result. Raises whatever pickling it raises."""
    run = track_id.encode()
    buffer = io.BytesIO()
    buffer.write(b"\0" * _START + len(run).to_bytes(2, "big") + run)
    pickle.dump(result, buffer, _PROTOCOL)
    with buffer.getbuffer() as entry:
        entry[:_START] = _MAGIC + _digest(key, entry[_START:])
    return buffer.getvalue()


def unpack(key: str, entry: object) -> tuple[str, memoryview] | None:
    """The track id and the pickle of an entry; None if this is no whole entry of this key."""
    if type(entry) is not bytes or not entry.startswith(_MAGIC):
        return None
    rest = memoryview(entry)[_START:]
    if entry[len(_MAGIC) : _START] != _digest(key, rest):
        return None
    end = 2 + int.from_bytes(rest[:2], "big")
    return str(rest[2:end], "utf-8"), rest[end:]


def _digest(key: str, rest: memoryview) -> bytes:
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=_DIGEST)
    digest.update(b"\0")
    digest.update(rest)
    return digest.digest()


def load(pickled: memoryview, *, trusted: bool) -> Any:
    """The result again.

    Not `trusted`: raises `UntrustedError` for anything but numbers, text, bytes and the builtin containers of them,
    naming what it would have imported.
    """
    if trusted:
        return pickle.loads(pickled)  # noqa: S301 - the user's own cache
    return _Careful(io.BytesIO(pickled)).load()


class _Careful(pickle.Unpickler):
    """Imports nothing."""

    def find_class(self, module: str, name: str) -> Any:
        """A builtin container, or `UntrustedError`."""
        found = _BUILTINS.get((module, name))
        if found is None:
            message = f"the result holds {module}.{name}, and reading that can run code. trusted=True reads it."
            raise UntrustedError(message)
        return found
