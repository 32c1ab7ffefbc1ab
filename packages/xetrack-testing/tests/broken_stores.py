"""Asset stores with one fault each."""

import hashlib
import time
from typing import ClassVar

from proving import broken
from right_store import Right, Store

from xetrack.errors import (
    AssetDamagedError,
    InvalidValueError,
    PluginConflictError,
    PluginNotInstalledError,
    UntrustedError,
)
from xetrack.plugin import Asset, AssetInfo
from xetrack_testing import Parcel


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
        return forged(Asset(name, pieces), hash=f"{time.perf_counter_ns():016}", digest=b"")


def forged(asset, **values):
    for name, value in values.items():
        object.__setattr__(asset, name, value)
    return asset


@broken(Right, "test_hash_and_digest_are_those_of_the_core", "test_an_asset_made_elsewhere_is_stored")
class HashesItsOwnWay(Store):
    def asset(self, name, pieces):
        asset = Asset(name, pieces)
        digest = hashlib.sha256(b"".join(asset.pieces)).digest()
        return forged(asset, hash=digest.hex()[:32], digest=digest)


@broken(Right, "test_an_asset_made_elsewhere_is_stored")
class KeepsTheFirstPiece(Store):
    def written(self, asset):
        return next(asset.parts())


@broken(Right, "test_an_asset_of_a_missing_serializer_is_stored")
class TakesKnownSerializersOnly(Store):
    def put(self, asset, name=None, uses=1):
        if asset.serializer not in self.serializers:
            raise PluginNotInstalledError(asset.serializer)
        super().put(asset, name, uses)


@broken(Right, "test_bytes_that_changed_are_refused")
class BelievesTheHash(Store):
    def written(self, asset):
        return b"".join(asset.pieces)


@broken(Right, "test_a_forged_hash_is_refused")
class BelievesTheHashOfTwo(Store):
    def check_same(self, asset):
        pass


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
    """Uses a database beside the engine's."""

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
    """Does not see the objects of other stores."""

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
