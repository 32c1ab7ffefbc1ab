"""Assets: hash and digest are of the bytes alone, and the same in every store and version."""

import copy
import itertools
from dataclasses import replace

import pytest

from xetrack.errors import InvalidValueError
from xetrack.plugin import Asset, content_digest, content_hash

TEXT = b"some bytes"
HASH, DIGEST = "55cfd3deadcabb2a", "97b02801da3219e445ef7e49a606967af0021ad6"


def test_the_hash_and_digest_of_bytes_never_change():
    assert (content_hash([TEXT]), content_digest([TEXT]).hex()) == (HASH, DIGEST)
    assert (content_hash([]), content_hash([b""])) == ("ef46db3751d8e999", "ef46db3751d8e999")
    asset = Asset("npy", TEXT)
    assert (asset.hash, asset.digest.hex(), asset.size) == (HASH, DIGEST, 10)


@pytest.mark.parametrize(
    "pieces", [[b"some", b"", b" bytes"], bytearray(TEXT), memoryview(TEXT), iter([TEXT])], ids=["4+0+6", "a", "v", "i"]
)
def test_neither_pieces_nor_serializer_count(pieces):
    asset = Asset("another", pieces)
    assert (asset.hash, asset.digest.hex(), asset.size) == (HASH, DIGEST, 10)
    assert b"".join(asset.pieces) == b"".join(asset.parts(3)) == TEXT


def test_a_replaced_asset_is_hashed_again():
    asset = replace(Asset("npy", TEXT), pieces=(b"other",))
    assert asset == Asset("npy", b"other")
    with pytest.raises((TypeError, ValueError)):
        replace(asset, hash=HASH)


def test_an_asset_survives_copying():
    asset = Asset("npy", TEXT)
    assert copy.deepcopy(asset) == asset


@pytest.mark.parametrize("size", [1, 3, 4, 10, 99])
def test_parts_are_the_bytes_in_order(size):
    pieces = [b"some", memoryview(b" bytes"), bytearray(b""), b"!"]
    parts = list(Asset("npy", pieces).parts(size))
    assert b"".join(parts) == b"some bytes!"
    assert {type(part) for part in parts} == {bytes}
    assert max(map(len, parts)) <= size


def test_bytes_that_changed_since_they_were_hashed_raise_after_the_last_part():
    memory = bytearray(TEXT)
    asset = Asset("npy", [b"fixed ", memoryview(memory)])
    memory[-1:] = b"S"
    parts = asset.parts(4)
    assert b"".join(itertools.islice(parts, 5)) == b"fixed some byteS"
    with pytest.raises(InvalidValueError, match=f"The object {asset.hash} was changed by another thread"):
        next(parts)
