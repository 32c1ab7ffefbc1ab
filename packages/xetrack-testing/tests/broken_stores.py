"""Asset stores that are right but for one thing."""

import hashlib
import threading
import time
from typing import ClassVar

from proving import broken

from xetrack.errors import (
    AssetDamagedError,
    InvalidValueError,
    PluginConflictError,
    PluginNotInstalledError,
    UntrustedError,
)
from xetrack.plugin import Asset, AssetInfo, Buffer, hashes_in
from xetrack_testing import AssetStoreContract, Parcel

OBJECTS = (
    "CREATE TABLE IF NOT EXISTS db.my_objects (n INTEGER PRIMARY KEY AUTOINCREMENT,"
    " hash TEXT UNIQUE, serializer TEXT, uses INTEGER, data BLOB)"
)
NAMES = "CREATE TABLE IF NOT EXISTS db.my_names (name TEXT PRIMARY KEY, hash TEXT)"


class Store:
    """Two tables beside those of the engine."""

    def __init__(self, context):
        self.engine = context.engine
        self.database = context.engine.database
        self.serializers = context.serializers
        self.trusted = context.trusted
        self.lock = threading.Lock()

    def query(self, sql, *arguments):
        with self.engine.transaction():
            for table in (OBJECTS, NAMES):
                self.database.query(table)
            return self.database.query(sql, arguments)

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
        return self.asset(name, tuple([data] if isinstance(data, Buffer) else data))

    def asset(self, name, pieces):
        digest = hashlib.sha256(b"".join(pieces)).digest()
        return Asset(digest.hex()[:16], name, pieces, digest)

    def put(self, asset, name=None, uses=1):
        with self.engine.transaction():
            if self.info(asset.hash) is None:
                sql = "INSERT INTO db.my_objects (hash, serializer, uses, data) VALUES (?, ?, ?, ?)"
                self.query(sql, asset.hash, asset.serializer, uses, b"".join(asset.pieces))
            else:
                self.recount({asset.hash: uses})
            if name is not None:
                self.query("REPLACE INTO db.my_names VALUES (?, ?)", name, asset.hash)

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
        told = self.info(key)
        return None if told is None else self.loaded(told)

    def loaded(self, told):
        serializer = self.serializers.get(told.serializer)
        if serializer is None:
            raise PluginNotInstalledError(f"the serializer {told.serializer} is missing")
        if not (self.trusted or serializer.safe):
            raise UntrustedError("it could run code")
        return serializer.loads(bytearray(b"".join(self.raw(told.hash).pieces)))

    def raw(self, key):
        told = self.info(key)
        if told is None:
            raise KeyError(key)
        ((data,),) = self.query("SELECT data FROM db.my_objects WHERE hash = ?", key)
        asset = self.asset(told.serializer, (data,))
        if asset.hash != key:
            raise AssetDamagedError(key)
        return asset

    def recount(self, changes):
        with self.engine.transaction():
            for key, change in changes.items():
                self.query("UPDATE db.my_objects SET uses = max(uses + ?, 0) WHERE hash = ?", change, key)
            known = {key: told.uses for key in changes if (told := self.info(key)) is not None}
        return [key for key, uses in known.items() if not uses]

    def remove(self, key, uses=1):
        with self.engine.transaction():
            told = self.info(key)
            if told is None:
                return False
            if uses is not None and told.uses > uses:
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
        engine.database.query("UPDATE db.my_objects SET data = x'00' WHERE hash = ?", (key,))
        engine.close()


class TestRight(Right):
    pass


@broken(Right, "test_it_has_the_methods_of_a_store")
class WithoutUnused(Store):
    unused = None


@broken(Right, "test_an_empty_store_is_empty")
class NobodyIsEmpty(Store):
    def keys(self):
        return super().keys() or ["nothing"]


@broken(Right, "test_an_empty_store_is_empty", "test_an_unknown_object_is_missing")
class SaysNothingOfTheUnknown(Store):
    def recount(self, changes):
        return list(changes)

    def remove(self, key, uses=1):
        return True


@broken(Right, "test_preparing_stores_nothing")
class StoresAtOnce(Store):
    def prepare(self, value):
        asset = super().prepare(value)
        self.put(asset, uses=0)
        return asset


@broken(Right, "test_preparing_stores_nothing")
class Salts(Store):
    def asset(self, name, pieces):
        return Asset(f"{time.perf_counter_ns():016}", name, pieces, b"")


@broken(Right, "test_a_specific_serializer_precedes_a_general_one")
class GeneralFirst(Store):
    def prepare(self, value):
        return self.prepared("anything", value)


@broken(Right, "test_two_serializers_for_a_value_are_a_conflict")
class TakesTheFirst(Store):
    def prepare(self, value):
        try:
            return super().prepare(value)
        except PluginConflictError:
            return self.prepared("parcels", value)


@broken(Right, "test_an_unserializable_value_is_refused")
class KeepsTheRepr(Store):
    def prepare(self, value):
        try:
            return super().prepare(value)
        except InvalidValueError:
            return self.prepared("parcels", Parcel(repr(value)))


@broken(Right, "test_an_object_is_found_by_its_hash")
class CutsShort(Store):
    def loaded(self, told):
        value = super().loaded(told)
        return Parcel(value.text[:1000]) if isinstance(value, Parcel) else value


@broken(Right, "test_an_object_is_found_by_its_name", "test_names_map_to_hashes")
class TheFirstKeepsTheName(Store):
    def put(self, asset, name=None, uses=1):
        taken = name is not None and self.query("SELECT 1 FROM db.my_names WHERE name = ?", name)
        super().put(asset, None if taken else name, uses)


@broken(Right, "test_equal_objects_are_stored_once")
class CountsOnce(Store):
    def put(self, asset, name=None, uses=1):
        super().put(asset, name, 0 if asset.hash in self else uses)


@broken(Right, "test_an_unknown_object_is_missing")
class NamesAreKeys(Store):
    def __contains__(self, key):
        return self.get(key) is not None


@broken(Right, "test_raw_returns_the_prepared_bytes", "test_bytes_move_from_store_to_store")
class ForgetsTheSerializer(Store):
    def raw(self, key):
        return self.asset("anything", super().raw(key).pieces)


@broken(Right, "test_info_describes_an_object")
class CountsCharacters(Store):
    def info(self, key):
        told = super().info(key)
        return told and AssetInfo(told.hash, told.serializer, told.size - 6, told.uses, told.place)


@broken(Right, "test_objects_are_listed_in_insertion_order")
class SortsThem(Store):
    def keys(self):
        return sorted(super().keys())


@broken(Right, "test_objects_are_listed_in_insertion_order")
class NeverFull(Store):
    size = 0


@broken(Right, "test_a_missing_serializer_is_an_error")
class GivesBytes(Store):
    def loaded(self, told):
        return super().loaded(told) if told.serializer in self.serializers else self.raw(told.hash).pieces[0]


@broken(Right, "test_untrusted_reading_runs_no_code")
class Trusting(Store):
    def __init__(self, context):
        super().__init__(context)
        self.trusted = True


@broken(Right, "test_untrusted_reading_runs_no_code")
class Afraid(Store):
    def loaded(self, told):
        if not self.trusted:
            raise UntrustedError("it could run code")
        return super().loaded(told)


@broken(Right, "test_damage_is_detected")
class NeverLooks(Store):
    def raw(self, key):
        told = self.info(key)
        ((data,),) = self.query("SELECT data FROM db.my_objects WHERE hash = ?", key)
        return self.asset(told.serializer, (data,))


@broken(Right, "test_removing_the_last_use_removes_the_object", "test_names_map_to_hashes")
class ForgetsNoName(Store):
    def forget(self, key):
        self.query("DELETE FROM db.my_objects WHERE hash = ?", key)

    def get(self, key):
        value = super().get(key)
        if value is None and self.query("SELECT 1 FROM db.my_names WHERE name = ?", key):
            raise AssetDamagedError(key)
        return value


@broken(Right, "test_some_or_all_uses_are_removed")
class TakesOneBack(Store):
    def remove(self, key, uses=1):
        return super().remove(key, 1)


@broken(Right, "test_a_removed_object_starts_over")
class RemembersCounts(Store):
    gone: ClassVar = {}

    def forget(self, key):
        told = self.info(key)
        self.gone[key] = told.uses
        super().forget(key)

    def put(self, asset, name=None, uses=1):
        super().put(asset, name, uses + self.gone.pop(asset.hash, 0))


@broken(Right, "test_a_recount_never_goes_below_zero")
class OwesUses(Store):
    def recount(self, changes):
        with self.engine.transaction():
            for key, change in changes.items():
                self.query("UPDATE db.my_objects SET uses = uses + ? WHERE hash = ?", change, key)
        return [key for key in changes if key in self and self.info(key).uses <= 0]


@broken(Right, "test_a_recount_never_goes_below_zero")
class RemovesWhatIsLeft(Store):
    def recount(self, changes):
        left = super().recount(changes)
        for key in left:
            self.forget(key)
        return left


@broken(Right, "test_unused_objects_are_those_in_no_row", "test_collecting_removes_unused_objects")
class BelievesItsCounts(Store):
    def unused(self):
        return [key for key in self.keys() if not self.info(key).uses]


@broken(Right, "test_unused_objects_are_those_in_no_row")
class LooksNotIntoJson(Store):
    def unused(self):
        cells = [columns for table in self.engine.tables() for columns in self.engine.scan(table)]
        named = {value for columns in cells for values in columns.values() for value in values if type(value) is str}
        return [key for key in self.keys() if key not in named]


@broken(Right, "test_collecting_removes_unused_objects")
class CollectsNothing(Store):
    def collect(self):
        return self.unused()


class InMemory(Store):
    """Beside the engine, not in it."""

    shelf: ClassVar = {}

    def put(self, asset, name=None, uses=1):
        kept = self.shelf.setdefault(asset.hash, [asset, 0])
        kept[1] += uses

    def info(self, key):
        found = self.shelf.get(key)
        return AssetInfo(key, found[0].serializer, found[0].size, found[1], "memory") if found else None

    def keys(self):
        return list(self.shelf)

    def raw(self, key):
        return self.shelf[key][0]

    def forget(self, key):
        self.shelf.pop(key, None)


@broken(Right, "test_it_joins_the_transaction_of_the_engine")
class JoinsNoTransaction(InMemory):
    shelf: ClassVar = {}


class InOneStore(InMemory):
    """What another one kept is not there."""

    def __init__(self, context):
        super().__init__(context)
        self.shelf = {}


@broken(Right, "test_objects_survive_reopening", "test_two_stores_on_one_database_agree")
class KeepsItForOne(InOneStore):
    pass


@broken(Right, "test_threads_share_a_store")
class LosesCounts(Store):
    def put(self, asset, name=None, uses=1):
        told = self.info(asset.hash)
        time.sleep(0.001)
        super().put(asset, name, uses)
        uses += 0 if told is None else told.uses
        self.query("UPDATE db.my_objects SET uses = ? WHERE hash = ?", uses, asset.hash)


@broken(Right, "test_a_tracker_logs_objects_into_it")
class CountsNothing(Store):
    def put(self, asset, name=None, uses=1):
        super().put(asset, name, uses=1 if asset.hash not in self else 0)
