"""The hash and digest of logged objects, the same in every asset store.

Both are of the serialized bytes alone: neither the serializer's name nor the pieces that the bytes come in count. The
hash is short because rows hold it, and as in xetrack 0.x. It is not cryptographic, so the digest tells forgeries.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xetrack._spec.types import Buffer

# Imported when first used: most trackers log no objects.
if TYPE_CHECKING:
    from xxhash import xxh64

__all__ = ["content_digest", "content_hash", "new_hasher"]

_DIGEST_SIZE = 20  # bytes


def content_hash(pieces: Iterable[Buffer]) -> str:
    """Return the hash of an object's bytes: their xxh64 with seed 0, as 16 hexadecimal digits.

    Args:
        pieces: the serialized bytes, in order. Pieces are read one at a time.
    """
    hasher = new_hasher()
    for piece in pieces:
        hasher.update(piece)
    return hasher.hexdigest()


def new_hasher() -> "xxh64":
    """Return what computes `content_hash` piece by piece."""
    from xxhash import xxh64

    return xxh64()


def content_digest(pieces: Iterable[Buffer]) -> bytes:
    """Return the digest of an object's bytes: their blake2b of 20 bytes.

    Args:
        pieces: the serialized bytes, in order. Pieces are read one at a time.
    """
    from hashlib import blake2b

    hasher = blake2b(digest_size=_DIGEST_SIZE)
    for piece in pieces:
        hasher.update(piece)
    return hasher.digest()
