"""What is too big for the tests of the package, which run several times in CI."""

import pytest

from xetrack import Tracker


@pytest.mark.big
def test_an_object_beyond_the_limit_of_sqlite_goes_in_and_out(tmp_path):
    value = bytes(1 << 20) * 1010  # more than a billion bytes
    with Tracker(tmp_path / "big.db") as tracker:
        key = tracker.assets.insert(value)
        assert tracker.assets.info(key).size > 1_000_000_000
        assert tracker.get(key) == value
        assert tracker.assets.remove(key)
    for file in tmp_path.iterdir():
        file.unlink()  # pytest keeps the folder
