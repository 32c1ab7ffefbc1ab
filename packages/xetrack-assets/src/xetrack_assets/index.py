"""The records of objects in the database file: uses, serializer, size and the place of the bytes.

Objects of xetrack 0.x have no row in `xetrack_assets`: they are pickles, in the table `assets`.
"""

from dataclasses import dataclass
from typing import Any

from xetrack.errors import AssetDamagedError, DatabaseError
from xetrack.plugin import Asset, SqlTables
from xetrack_assets.pickles import dump_plain
from xetrack_assets.tables import CHUNKS, CREATE, WHOLE, assets, counts, decode_uses, encode_key, existing, names

__all__ = ["Index", "Record"]

_FIND = """
SELECT a.serializer, a.size, a.digest, a.place, c.value, (SELECT value FROM db.keys WHERE key = ?)
FROM db.counts c JOIN db.xetrack_assets a ON a.key = c.key WHERE c.key = ?
"""
# An upsert keeps the row's rowid, and so its place in the order of keys(); REPLACE would not.
_SET = "INSERT INTO db.{} VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


@dataclass(frozen=True, slots=True)
class Record:
    """What the file knows of an object. `digest` is None for one of 0.x; `size` is in bytes, uncompressed."""

    serializer: str
    size: int
    digest: bytes | None
    place: str
    uses: int
    named: bool = False
    """Whether the name that was asked for means this object."""


class Index:
    """The records of all objects in a file. Writing belongs inside a transaction of the engine."""

    def __init__(self, sql: SqlTables) -> None:
        self._sql = sql
        self._assets = assets(sql)
        self._counts = counts(sql)
        self._names = names(sql)

    def make(self) -> None:
        """Create the tables that are missing."""
        for name in CREATE.keys() - existing(self._sql):
            self._sql.query(CREATE[name])

    def find(self, key: str, name: str | None = None) -> Record | None:
        """Return the record of an object, and whether `name` means it; None if there is no such object."""
        if not self._sql.exists:  # a look does not create the file
            return None
        try:
            # One statement in most cases: this is the path of each log() of an object.
            found = self._sql.query(_FIND, (None if name is None else encode_key(name), key))
        except DatabaseError:  # tables are missing; whatever else is wrong raises again below
            found = []
        for serializer, size, digest, place, uses, meant in found:
            record = Record(serializer, size, digest, place, decode_uses(uses), meant == dump_plain(key))
            if [type(serializer), type(size), type(digest), type(place)] != [str, int, bytes, str]:
                raise AssetDamagedError(f"The record of the object {key} is damaged: {record}.")
            return record
        for (size,) in self._select(WHOLE, "SELECT length(value) FROM db.assets WHERE key = ?", encode_key(key)):
            return Record("cloudpickle", size, None, WHOLE, self._counts.get(key, 0))
        return None

    def named(self, name: str) -> str | None:
        """Return the hash of the object that was last stored under a name."""
        key: str | None = self._names.get(name)
        return key

    def names(self) -> dict[str, str]:
        """Return every name and its hash."""
        return dict(self._names.items())

    def name(self, name: str, key: str) -> None:
        """Store an object under a name."""
        self._sql.query(_SET.format("keys"), (encode_key(name), dump_plain(key)))

    def count(self, key: str, uses: int) -> None:
        """Set how often an object is used."""
        self._sql.query(_SET.format("counts"), (key, dump_plain(uses)))

    def keys(self) -> list[str]:
        """Return the hashes of all objects, oldest first."""
        return list(dict.fromkeys([*self._counts, *self._assets]))

    def places(self) -> set[str]:
        """Return the places of bytes outside of the file."""
        found = self._select("xetrack_assets", "SELECT DISTINCT place FROM db.xetrack_assets")
        return {place for (place,) in found} - {WHOLE, CHUNKS}

    def keep_place(self, place: str) -> None:
        """Remember a place without objects: files may be left there, and new objects go there."""
        self._sql.query("REPLACE INTO db.xetrack_assets (key, place) VALUES (?, ?)", (place, place))

    def add(self, asset: Asset, place: str, uses: int) -> None:
        """Record an object."""
        self._sql.query(
            "REPLACE INTO db.xetrack_assets VALUES (?, ?, ?, ?, ?)",
            (asset.hash, asset.serializer, asset.size, asset.digest, place),
        )
        self.count(asset.hash, uses)

    def forget(self, key: str) -> None:
        """Take an object out of all tables, its bytes and names included."""
        self._sql.query("DELETE FROM db.assets WHERE key = ?", (encode_key(key),))
        self._sql.query("DELETE FROM db.keys WHERE value = ?", (dump_plain(key),))
        for table in ("counts", "xetrack_assets", CHUNKS):
            self._sql.query(f"DELETE FROM db.{table} WHERE key = ?", (key,))

    def _select(self, table: str, sql: str, *arguments: Any) -> list[Any]:
        return self._sql.query(sql, arguments) if table in existing(self._sql) else []
