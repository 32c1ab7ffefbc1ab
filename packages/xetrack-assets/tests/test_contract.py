"""Pickles, store and commands keep the contracts that xetrack asks of everybody's."""

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from xetrack import Tracker
from xetrack_assets import AssetOptions, _open_commands, _open_store
from xetrack_assets.pickles import Pickles
from xetrack_assets.tables import encode_key
from xetrack_testing import AssetStoreContract, CommandContract, Parcel, SerializerContract


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
