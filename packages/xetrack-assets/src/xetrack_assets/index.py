"""What the file knows of its objects: how often each is used, what made its bytes, and where these are.

Objects of xetrack 0.x have no row in `xetrack_assets`: they are pickles, in the table `assets`.
"""

from dataclasses import dataclass
from typing import Any

from xetrack.errors import AssetDamagedError
from xetrack.plugin import Asset
from xetrack.sqlite import Database
from xetrack_assets import tables
from xetrack_assets.pickles import dump_plain
from xetrack_assets.tables import Table, decode_uses, encode_key

__all__ = ["CHUNKS", "WHOLE", "Index", "Record"]

WHOLE, CHUNKS = "assets", "xetrack_chunks"
"""Places in the file: the table for bytes in one piece, and the one for those that are too long for that."""

_CREATE = tables.CREATE | {
    "xetrack_assets": "CREATE TABLE IF NOT EXISTS db.xetrack_assets"
    " (key TEXT PRIMARY KEY, serializer TEXT, size INTEGER, digest BLOB, place TEXT)",
    CHUNKS: f"CREATE TABLE IF NOT EXISTS db.{CHUNKS} (key TEXT, part INTEGER, data BLOB, PRIMARY KEY (key, part))",
}
_FIND = """
SELECT a.serializer, a.size, a.digest, a.place, c.value, (SELECT value FROM db.keys WHERE key = ?)
FROM db.counts c JOIN db.xetrack_assets a ON a.key = c.key WHERE c.key = ?
"""
_SET = "INSERT INTO db.{} VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"  # keeps its place
_TABLES = f"SELECT name FROM db.sqlite_master WHERE type = 'table' AND name IN ({', '.join('?' * len(_CREATE))})"


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of an object. `digest` is None for one of 0.x; `size` is that of its bytes, uncompressed."""

    serializer: str
    size: int
    digest: bytes | None
    place: str
    uses: int
    named: bool = False  # whether the name that was asked for means this object


class Index:
    """The records of all objects in a file. Writing belongs inside a transaction of the engine."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._assets: Table | None = None
        self._counts: Table | None = None
        self._names: Table | None = None

    @property
    def assets(self) -> Table:
        """Hash to bytes, for those in one piece."""
        self._assets = self._assets if self._assets is not None else tables.assets(self._database)
        return self._assets

    @property
    def counts(self) -> Table:
        """Hash to uses."""
        self._counts = self._counts if self._counts is not None else tables.counts(self._database)
        return self._counts

    @property
    def names(self) -> Table:
        """Name to the hash that was last put under it."""
        self._names = self._names if self._names is not None else tables.names(self._database)
        return self._names

    def there(self) -> set[str]:
        """Which of the tables exist."""
        if not self._database.exists:
            return set()
        return {name for (name,) in self._database.query(_TABLES, tuple(_CREATE))}

    def make(self) -> None:
        """Make the tables that are missing."""
        for name in _CREATE.keys() - self.there():
            self._database.query(_CREATE[name])

    def find(self, key: str) -> Record | None:
        """The record of an object; None if there is no such object."""
        there = self.there()
        if {"counts", "keys", "xetrack_assets"} <= there and (found := self.counted(key)) is not None:
            return found
        if "assets" in there:
            lengths = self._database.query("SELECT length(value) FROM db.assets WHERE key = ?", (encode_key(key),))
            if lengths:
                uses = self.counts.get(key, 0) if "counts" in there else 0
                return Record("cloudpickle", lengths[0][0], None, WHOLE, uses)
        return None

    def counted(self, key: str, name: str | None = None) -> Record | None:
        """The record of an object that is not of 0.x, once there are all tables: the path of each `log()`."""
        named = None if name is None else encode_key(name)
        for serializer, size, digest, place, uses, meant in self._database.query(_FIND, (named, key)):
            record = Record(serializer, size, digest, place, decode_uses(uses), meant == dump_plain(key))
            if [type(serializer), type(size), type(digest), type(place)] != [str, int, bytes, str]:
                raise AssetDamagedError(f"the record of the object {key} is damaged: {record}.")
            return record
        return None

    def named(self, name: str) -> str | None:
        """The hash of the object that was last put under a name."""
        key: str | None = self.names.get(name) if "keys" in self.there() else None
        return key

    def all_names(self) -> dict[str, str]:
        """Every name, and its hash."""
        return dict(self.names.items()) if "keys" in self.there() else {}

    def name(self, name: str, key: str) -> None:
        """Have a name mean this object."""
        self._database.query(_SET.format("keys"), (encode_key(name), dump_plain(key)))

    def count(self, key: str, uses: int) -> None:
        """Set how often an object is used."""
        self._database.query(_SET.format("counts"), (key, dump_plain(uses)))

    def keys(self) -> list[str]:
        """The hashes of all objects, in the order in which they came."""
        there = self.there()
        counted: dict[str, Any] = dict.fromkeys(self.counts) if "counts" in there else {}
        if "assets" in there:
            counted |= dict.fromkeys(self.assets)
        return list(counted)

    def places(self) -> set[str]:
        """Where bytes are that are in no table of the file."""
        if "xetrack_assets" not in self.there():
            return set()
        found = self._database.query("SELECT DISTINCT place FROM db.xetrack_assets")
        return {place for (place,) in found} - {WHOLE, CHUNKS}

    def keep_place(self, place: str) -> None:
        """Remember a place that holds no object any more: files may be left there, and new ones go there."""
        self._database.query("REPLACE INTO db.xetrack_assets (key, place) VALUES (?, ?)", (place, place))

    def add(self, asset: Asset, place: str, uses: int) -> None:
        """Record an object."""
        self._database.query(
            "REPLACE INTO db.xetrack_assets VALUES (?, ?, ?, ?, ?)",
            (asset.hash, asset.serializer, asset.size, asset.digest, place),
        )
        self.count(asset.hash, uses)

    def forget(self, key: str) -> None:
        """Take an object out of all tables, its bytes and names included."""
        self._database.query("DELETE FROM db.assets WHERE key = ?", (encode_key(key),))
        self._database.query("DELETE FROM db.keys WHERE value = ?", (dump_plain(key),))
        for table in ("counts", "xetrack_assets", CHUNKS):
            self._database.query(f"DELETE FROM db.{table} WHERE key = ?", (key,))
