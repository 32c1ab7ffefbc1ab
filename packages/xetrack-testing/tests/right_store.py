"""A correct asset store to derive broken ones from: two tables in the engine's database."""

import threading

from xetrack.errors import (
    AssetDamagedError,
    InvalidValueError,
    PluginConflictError,
    PluginNotInstalledError,
    UntrustedError,
)
from xetrack.plugin import Asset, AssetInfo, hashes_in
from xetrack_testing import AssetStoreContract

OBJECTS = (
    "CREATE TABLE IF NOT EXISTS db.my_objects (n INTEGER PRIMARY KEY AUTOINCREMENT,"
    " hash TEXT UNIQUE, serializer TEXT, uses INTEGER, data BLOB)"
)
NAMES = "CREATE TABLE IF NOT EXISTS db.my_names (name TEXT PRIMARY KEY, hash TEXT)"


class Store:
    """Stores objects in two tables beside those of the engine."""

    def __init__(self, context):
        self.engine = context.engine
        self.serializers = context.serializers
        self.trusted = context.trusted
        self.lock = threading.Lock()

    def query(self, sql, *arguments):
        with self.engine.transaction():
            for table in (OBJECTS, NAMES):
                self.engine.sql.query(table)
            return self.engine.sql.query(sql, arguments)

    def prepare(self, value):
        for general in (False, True):
            meant = [name for name, each in self.serializers.items() if each.general is general and each.takes(value)]
            if len(meant) > 1:
                raise PluginConflictError("several take it")
            if meant:
                return self.prepared(meant[0], value)
        raise InvalidValueError("no serializer takes it")

    def prepared(self, name, value):
        try:
            data = self.serializers[name].dumps(value)
        except Exception as error:
            raise InvalidValueError(str(error)) from error
        return self.asset(name, data)

    def asset(self, name, pieces):
        return Asset(name, pieces)

    def put(self, asset, name=None, uses=1):
        with self.engine.transaction():
            if self.info(asset.hash) is None:
                data = self.written(asset)
                sql = "INSERT INTO db.my_objects (hash, serializer, uses, data) VALUES (?, ?, ?, ?)"
                self.query(sql, asset.hash, asset.serializer, uses, data)
            else:
                self.check_same(asset)
                self.recount({asset.hash: uses})
            if name is not None:
                self.query("REPLACE INTO db.my_names VALUES (?, ?)", name, asset.hash)

    def written(self, asset):
        return b"".join(asset.parts())

    def check_same(self, asset):
        if self.raw(asset.hash).digest != asset.digest:
            raise InvalidValueError("the hash belongs to another object")

    def insert(self, value, name=None):
        asset = self.prepare(value)
        self.put(asset, name)
        return asset.hash

    def get(self, key):
        found = self.query("SELECT hash FROM db.my_names WHERE name = ?", key)
        if self.info(key) is None:
            if not found:
                return None
            key = found[0][0]
        info = self.info(key)
        return None if info is None else self.loaded(info)

    def loaded(self, info):
        serializer = self.serializers.get(info.serializer)
        if serializer is None:
            raise PluginNotInstalledError(f"the serializer {info.serializer} is missing")
        if not (self.trusted or serializer.safe):
            raise UntrustedError("it could run code")
        return serializer.loads(bytearray(b"".join(self.raw(info.hash).pieces)))

    def raw(self, key):
        info = self.info(key)
        if info is None:
            raise KeyError(key)
        ((data,),) = self.query("SELECT data FROM db.my_objects WHERE hash = ?", key)
        asset = self.asset(info.serializer, (data,))
        if asset.hash != key:
            raise AssetDamagedError(key)
        return asset

    def recount(self, changes):
        with self.engine.transaction():
            for key, change in changes.items():
                self.query("UPDATE db.my_objects SET uses = max(uses + ?, 0) WHERE hash = ?", change, key)
            known = {key: info.uses for key in changes if (info := self.info(key)) is not None}
        return [key for key, uses in known.items() if not uses]

    def remove(self, key, uses=1):
        with self.engine.transaction():
            info = self.info(key)
            if info is None:
                return False
            if uses is not None and info.uses > uses:
                self.recount({key: -uses})
            else:
                self.forget(key)
        return True

    def forget(self, key):
        self.query("DELETE FROM db.my_objects WHERE hash = ?", key)
        self.query("DELETE FROM db.my_names WHERE hash = ?", key)

    def unused(self):
        known = set(self.keys())
        named = set()
        for table in self.engine.tables():
            for columns in self.engine.scan(table):
                named |= {key for cells in columns.values() for key in hashes_in(cells, known)}
        return [key for key in self.keys() if key not in named]

    def collect(self):
        with self.engine.transaction():
            doomed = self.unused()
            for key in doomed:
                self.forget(key)
        return doomed

    def info(self, key):
        sql = "SELECT hash, serializer, length(data), uses FROM db.my_objects WHERE hash = ?"
        found = self.query(sql, key)
        return AssetInfo(*found[0], "my_objects") if found else None

    @property
    def size(self):
        return self.query("SELECT coalesce(sum(length(data)), 0) FROM db.my_objects")[0][0]

    def keys(self):
        return [key for (key,) in self.query("SELECT hash FROM db.my_objects ORDER BY n")]

    def names(self):
        return dict(self.query("SELECT name, hash FROM db.my_names"))

    def __contains__(self, key):
        return isinstance(key, str) and self.info(key) is not None

    def __len__(self):
        return len(self.keys())

    def __iter__(self):
        return iter(self.keys())


class Right(AssetStoreContract):
    made = Store

    def open(self, context):
        return self.made(context)

    def damage(self, place, key):
        engine = self.engine(place)
        engine.sql.query("UPDATE db.my_objects SET data = x'00' WHERE hash = ?", (key,))
        engine.close()
