"""The bytes of an object: copying and compression."""

import zlib
from collections.abc import Iterable, Iterator

from xetrack.plugin import Asset, Buffer, content_hash
from xetrack_assets.blobs import MOST_WHOLE

__all__ = ["compressed", "make_asset", "original"]


def make_asset(serializer: str, pieces: Iterable[Buffer]) -> Asset:
    """Return the asset of bytes that come in pieces.

    Up to `MOST_WHOLE` bytes are copied, so that they stay unchanged; more may be views of the object's own memory.
    """
    kept: tuple[Buffer, ...] = tuple(pieces)
    if sum(map(len, kept)) <= MOST_WHOLE:
        kept = (b"".join(kept),)
    return Asset(serializer, kept)


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
    if content_hash([data]) == key:
        return data
    try:
        plain = zlib.decompress(data) if most is None else _unpacked(data, most)
    except zlib.error:
        return None
    return plain if content_hash([plain]) == key else None


def _unpacked(data: Buffer, most: int) -> bytes:
    inflater = zlib.decompressobj()
    plain = inflater.decompress(data, most)
    if not inflater.eof and (inflater.unconsumed_tail or len(plain) == most):
        raise OverflowError
    return plain
