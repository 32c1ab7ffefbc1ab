"""The stored form of a result: its key, the run that computed it, its pickle, and a checksum.

An entry is `xetrack1`, the key, the track id, a pickle of protocol 5, and a blake2b digest (16 bytes) of everything
before it. The key and the track id each follow their length (2 bytes, big-endian). Every back end stores these bytes;
none pickles anything itself.
"""

import io
import pickle
import struct
from hashlib import blake2b
from typing import Any

from xetrack.errors import UntrustedError
from xetrack.plugin import check_memory

__all__ = ["load_plain", "pack", "unpack"]

_HEAD = struct.Struct(">8sH").pack
_LENGTH = struct.Struct(">H").pack
_MAGIC = b"xetrack1"
_DIGEST = 16
_PROTOCOL = 5


def pack(key: str, result: object, track_id: str) -> bytes:
    """Return the entry of a result. Raises whatever pickling it raises."""
    name, run = key.encode("utf-8", "surrogatepass"), track_id.encode("utf-8", "surrogatepass")
    buffer = io.BytesIO()
    buffer.write(_HEAD(_MAGIC, len(name)) + name + _LENGTH(len(run)) + run)
    pickle.dump(result, buffer, _PROTOCOL)
    with buffer.getbuffer() as entry:
        digest = blake2b(entry, digest_size=_DIGEST).digest()
    buffer.write(digest)
    return buffer.getvalue()


def unpack(key: str, entry: object) -> tuple[str, memoryview] | None:
    """Return the track id and the pickle of an entry, or None if it is damaged or belongs to another key."""
    name = key.encode("utf-8", "surrogatepass")
    head = _HEAD(_MAGIC, len(name)) + name
    if type(entry) is not bytes or not entry.startswith(head):
        return None
    view = memoryview(entry)[:-_DIGEST]
    if blake2b(view, digest_size=_DIGEST).digest() != entry[-_DIGEST:]:
        return None
    start = len(head) + 2
    end = start + int.from_bytes(entry[start - 2 : start], "big")
    return entry[start:end].decode("utf-8", "surrogatepass"), view[end:]


def load_plain(pickled: memoryview) -> Any:
    """Unpickle numbers, text, bytes and the builtin containers of them.

    Raises:
        UntrustedError: the pickle would import something else.
    """
    check_memory(pickled)
    return _PlainUnpickler(io.BytesIO(pickled)).load()


class _PlainUnpickler(pickle.Unpickler):
    """Imports nothing but `complex`; other plain types need no import in protocol 5."""

    def find_class(self, module: str, name: str) -> Any:
        """Return `complex`, or raise `UntrustedError`."""
        if (module, name) == ("builtins", "complex"):
            return complex
        message = (
            f"the result contains {module}.{name}: reading it could run code from its author. "
            "If you trust the cache, pass trusted=True, and unset XETRACK_SAFE."
        )
        raise UntrustedError(message)
