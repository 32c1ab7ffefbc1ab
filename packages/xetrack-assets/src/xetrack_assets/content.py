"""The bytes of an object: hash, digest and compression."""

import hashlib
import zlib
from collections.abc import Iterable, Iterator

import xxhash

from xetrack.errors import InvalidValueError
from xetrack.plugin import Asset, Buffer
from xetrack_assets.blobs import MOST_WHOLE, PART

__all__ = ["compressed", "make_asset", "original", "parts_of"]

_DIGEST_SIZE = 20  # bytes of blake2b


def make_asset(serializer: str, pieces: Iterable[Buffer]) -> Asset:
    """Return the asset of bytes that come in pieces.

    Its hash is the xxh64 of the bytes in hexadecimal, as in 0.x; its digest is a blake2b of 20 bytes. Up to
    `MOST_WHOLE` bytes are copied, so that they stay unchanged; more may be views of the object's own memory.
    """
    kept: tuple[Buffer, ...] = tuple(pieces)
    if sum(map(len, kept)) <= MOST_WHOLE:
        kept = (b"".join(kept),)
    return Asset(hash_of(kept), serializer, kept, digest_of(kept))


def hash_of(pieces: Iterable[Buffer]) -> str:
    """Return the xxh64 of bytes in pieces, as 16 hexadecimal digits."""
    hasher = xxhash.xxh64()
    for piece in pieces:
        hasher.update(piece)
    return hasher.hexdigest()


def digest_of(pieces: Iterable[Buffer]) -> bytes:
    """Return the blake2b of bytes in pieces."""
    hasher = hashlib.blake2b(digest_size=_DIGEST_SIZE)
    for piece in pieces:
        hasher.update(piece)
    return hasher.digest()


def parts_of(asset: Asset) -> Iterator[bytes]:
    """Yield the bytes of an asset in parts for a store.

    Raises `InvalidValueError` after the last part if another thread has changed the object since it was hashed.
    """
    if len(asset.pieces) == 1 and isinstance(asset.pieces[0], bytes):
        yield from (asset.pieces[0][start : start + PART] for start in range(0, max(asset.size, 1), PART))
        return
    hasher = xxhash.xxh64()
    for piece in asset.pieces:
        for start in range(0, len(piece), PART):
            part = bytes(piece[start : start + PART])
            hasher.update(part)
            yield part
    if hasher.hexdigest() != asset.hash:
        raise InvalidValueError(
            f"The object {asset.hash} was changed by another thread while it was logged. Log it again."
        )


def compressed(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bytes compressed by zlib, as 0.x does."""
    compressor = zlib.compressobj()
    for part in parts:
        yield compressor.compress(part)
    yield compressor.flush()


def original(data: Buffer, key: str, most: int | None = None) -> Buffer | None:
    """Return stored bytes, uncompressed; None if their hash is not `key`.

    0.x does not record whether it compressed them, so the hash decides. Raises `OverflowError` if they unpack to more
    than `most` bytes: a stranger's megabyte can become a gigabyte.
    """
    if hash_of([data]) == key:
        return data
    try:
        plain = zlib.decompress(data) if most is None else _unpacked(data, most)
    except zlib.error:
        return None
    return plain if hash_of([plain]) == key else None


def _unpacked(data: Buffer, most: int) -> bytes:
    inflater = zlib.decompressobj()
    plain = inflater.decompress(data, most)
    if not inflater.eof and (inflater.unconsumed_tail or len(plain) == most):
        raise OverflowError
    return plain
