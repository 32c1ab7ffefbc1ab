"""What is stored under a key: the key, the run that computed the result, and the result, so that damage is noticed.

An entry is `xetrack1`, the length of the key and the key, the length of the track id and the track id (lengths are of
two bytes, big-endian), a pickle of protocol 5, and a blake2b digest of 16 bytes of everything before it. It is bytes
for every back end: none is ever asked to pickle.
"""

import io
import pickle
from hashlib import blake2b
from typing import Any

from xetrack.errors import UntrustedError
from xetrack.plugin import check_memory

__all__ = ["load", "pack", "unpack"]

_MAGIC = b"xetrack1"
_DIGEST = 16
_PROTOCOL = 5
_BUILTINS = {("builtins", "complex"): complex}  # sets and bytearrays need none in protocol 5: one may be of any length


def pack(key: str, result: object, track_id: str) -> bytes:
    """The entry of a result. Raises whatever pickling it raises."""
    buffer = io.BytesIO()
    buffer.write(_head(key) + _counted(track_id))
    pickle.dump(result, buffer, _PROTOCOL)
    with buffer.getbuffer() as entry:
        digest = _digest(entry)
    buffer.write(digest)
    return buffer.getvalue()


def unpack(key: str, entry: object) -> tuple[str, memoryview] | None:
    """The track id and the pickle of an entry; None if this is no whole entry of this key."""
    head = _head(key)
    if type(entry) is not bytes or not entry.startswith(head):
        return None
    view = memoryview(entry)[:-_DIGEST]
    if _digest(view) != entry[-_DIGEST:]:
        return None
    start = len(head) + 2
    end = start + int.from_bytes(entry[start - 2 : start], "big")
    return entry[start:end].decode(), view[end:]


def _head(key: str) -> bytes:
    return _MAGIC + _counted(key)


def _counted(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return len(data).to_bytes(2, "big") + data


def _digest(data: memoryview) -> bytes:
    return blake2b(data, digest_size=_DIGEST).digest()


def load(pickled: memoryview, *, trusted: bool) -> Any:
    """The result again.

    Not `trusted`: raises `UntrustedError` for anything but numbers, text, bytes and the builtin containers of them,
    naming what it would have imported.
    """
    if trusted:
        return pickle.loads(pickled)  # noqa: S301 - the user's own cache
    check_memory(pickled)
    return _Careful(io.BytesIO(pickled)).load()


class _Careful(pickle.Unpickler):
    """Imports nothing."""

    def find_class(self, module: str, name: str) -> Any:
        """`complex`, or `UntrustedError`."""
        found = _BUILTINS.get((module, name))
        if found is None:
            message = (
                f"the result holds {module}.{name}: reading it could run the code of whoever wrote it. "
                "If you trust them: trusted=True, without XETRACK_SAFE."
            )
            raise UntrustedError(message)
        return found
