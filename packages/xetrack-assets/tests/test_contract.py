"""Serializers, store and commands keep the contracts that xetrack asks of everybody's."""

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xetrack import Tracker
from xetrack.testing import AssetStoreContract, CommandContract, Parcel, SerializerContract
from xetrack_assets import AssetOptions, _open_commands, _open_store
from xetrack_assets.arrays import Arrays
from xetrack_assets.frames import Frames
from xetrack_assets.pickles import Pickles
from xetrack_assets.tables import encode_key


class TestArrays(SerializerContract):
    values = (
        np.arange(12.0).reshape(3, 4),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.array(5, dtype=">i2"),
        np.array(["a", "日本"]),
        np.array(["2026-01-01"], "datetime64[D]"),
        np.array([(1, 2.5)], dtype=[("a", "u1"), ("b", "f4")]),
        np.zeros((0, 3), dtype=bool),
        np.array([np.nan, -0.0, np.inf, 1j]),
    )
    refuses = (np.array([object()]), np.ma.masked_array([1], [True]), np.float64(1), [1.0], "text", None)

    def open(self):
        return Arrays()

    def equal(self, value, other):
        return (type(other), value.dtype, value.shape, value.tobytes()) == (
            np.ndarray,
            other.dtype,
            other.shape,
            other.tobytes(),
        )


@pytest.mark.filterwarnings("ignore:Series.values returning")  # pyarrow before 26 asks pandas 3.1 for them
class TestFrames(SerializerContract):
    values = (
        pd.DataFrame({"x": [1, 2], "y": [0.5, np.nan]}),
        pd.DataFrame({"s": pd.array(["a", None], dtype="string")}, index=pd.Index([7, 8], name="place")),
        pd.DataFrame({"t": pd.to_datetime(["2026-01-01", None]).tz_localize("UTC")}),
        pd.DataFrame({"c": pd.Categorical(["a", "b"], categories=["b", "a"], ordered=True)}),
        pd.DataFrame({"x": np.array([], dtype="int8")}),
    )
    refuses = (pd.DataFrame({"o": [[1]]}), pd.DataFrame({0: [1]}), pd.Series([1]), {"x": [1]})

    def open(self):
        return Frames()

    def equal(self, value, other):
        pd.testing.assert_frame_equal(value, other, check_exact=True)
        return True


class TestPickles(SerializerContract):
    values = (
        None,
        [1, "日本", b"\0"],
        {"a": {"b": (1, 2)}},
        Decimal("1.50"),
        range(5),
        Parcel("a"),
        float,
        "x" * 10**6,
    )

    def open(self):
        return Pickles(trusted=True)


class TestPicklesOfStrangers(SerializerContract):
    """Without trust, only builtin containers come back."""

    values = (None, [1, "日本", b"\0"], {"a": {"b": (1, 2)}}, range(5), {1, 2}, 2**100, "x" * 10**6)

    def open(self):
        return Pickles(trusted=False)


class TestStore(AssetStoreContract):
    def open(self, context):
        return _open_store(None, context)

    def damage(self, place, key):
        with closing(sqlite3.connect(place / "track.db")) as conn, conn:
            changed = conn.execute(
                "UPDATE assets SET value = CAST(x'00' || value AS BLOB) WHERE key = ?", (encode_key(key),)
            )
            assert changed.rowcount == 1


class TestCompressed(TestStore):
    def open(self, context):
        return _open_store(AssetOptions(compress=True), context)


class TestInAFolder(AssetStoreContract):
    def open(self, context):
        return _open_store(AssetOptions(assets=Path(context.db).parent / "objects"), context)

    def damage(self, place, key):
        (path,) = (place / "objects").rglob(f"*{key}*")
        path.write_bytes(b"something else")


class TestCommands(CommandContract):
    open = staticmethod(_open_commands)
    looks = (["ls", "DB"], ["ls", "DB", "--unused", "--json"], ["ls", "DB", "--csv"])
    changes = (["delete", "DB", "model"], ["gc", "DB"], ["export", "DB", "model", "FILE"])

    def full(self, place):
        with Tracker(place / "full.db") as tracker:
            self.key = tracker.log({"model": range(5)})["model"]
            tracker.assets.insert(range(6))
        return str(place / "full.db")

    def run(self, words, db):
        """The words `model` and FILE stand for the hash of an object, and for a file to write."""
        stand = {"model": getattr(self, "key", "0" * 16), "FILE": f"{db}.object"}
        return super().run([stand.get(word, word) for word in words], db)
