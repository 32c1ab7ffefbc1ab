"""What every asset store promises, as tests: one test a promise of `xetrack.plugin.AssetStore`."""
# ruff: noqa: PT012, S101 - a test asserts, compares with plain numbers, and raises inside of blocks

import pickle
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from xetrack.errors import (
    AssetDamagedError,
    InvalidValueError,
    PluginConflictError,
    PluginNotInstalledError,
    UntrustedError,
)
from xetrack.plugin import AssetStore, Buffer, Context, Engine, Json, Plugin, Provider, Serializer
from xetrack.sqlite import SqliteEngine
from xetrack.tracker import Tracker
from xetrack_testing.contract import Contract
from xetrack_testing.rows import TABLE, make_row

__all__ = ["AssetStoreContract", "Parcel"]

Opener = Callable[..., AssetStore]


class Parcel:
    """The objects that the contract keeps. They have a serializer of their own, which is safe."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    __hash__ = None  # type: ignore[assignment] # as of most objects that are logged

    def __repr__(self) -> str:
        return f"Parcel({self.text!r})"


class _Parcels:
    """Parcels and nothing else. With another `kind`, those of a subclass."""

    safe, general = True, False

    def __init__(self, kind: type = Parcel) -> None:
        self._kind = kind

    def takes(self, value: object) -> bool:
        return isinstance(value, self._kind)

    def dumps(self, value: Any) -> list[Buffer]:
        data = value.text.encode()
        return [b"parcel", memoryview(data)]

    def loads(self, data: Buffer) -> Parcel:
        return Parcel(bytes(data)[6:].decode())


class _Anything:
    """Whatever nobody else takes; loading it could run code."""

    safe, general = False, True

    def takes(self, value: object) -> bool:
        return True

    def dumps(self, value: object) -> bytes:
        return pickle.dumps(value, 5)

    def loads(self, data: Buffer) -> object:
        return pickle.loads(data)  # noqa: S301 - the tests' own


SERIALIZERS: dict[str, Serializer] = {"parcels": _Parcels(), "anything": _Anything()}


class AssetStoreContract(Contract):
    """Subclass it as `Test...`, say how to open your store, and how to damage what it keeps; then run pytest.

    ```python
    class TestMyStore(AssetStoreContract):
        def open(self, context: Context) -> MyStore:
            return MyStore(context.engine, context.serializers, context.trusted)

        def damage(self, place: Path, key: str) -> None:
            (place / "objects" / key).write_bytes(b"something else")
    ```

    `context` is what a provider's `open` is given: with an open engine, that of `engine(place)`, and serializers. A
    store that keeps objects elsewhere finds its folder beside `context.db`, which lies in `place`. `damage(place, key)`
    changes the bytes of an object while no store is open; without it, tests of damage are skipped.
    """

    @abstractmethod
    def open(self, context: Context) -> AssetStore:
        """A store that keeps objects beside the rows of an engine."""

    def engine(self, place: Path) -> Engine:
        """An engine over the database of a folder that is new for each test."""
        return SqliteEngine(str(place / "track.db"))

    def damage(self, place: Path, key: str) -> None:
        """Change the bytes of an object of the stores of `place`."""
        self.untold("damage")

    @pytest.fixture
    def opener(self, tmp_path: Path) -> Iterator[Opener]:
        """Opens stores on this test's place, each over an engine of its own, which is closed after the test."""
        with ExitStack() as opened:

            def open_store(**settings: Any) -> AssetStore:
                engine = opened.enter_context(closing(self.engine(tmp_path)))
                settings = {"serializers": SERIALIZERS, "track_id": "run-1", **settings}
                return self.open(Context(str(tmp_path / "track.db"), engine=engine, **settings))

            yield open_store

    @pytest.fixture
    def opened(self, tmp_path: Path) -> Iterator[tuple[AssetStore, Engine]]:
        """A store, and the engine that it is over."""
        with closing(self.engine(tmp_path)) as engine:
            context = Context(str(tmp_path / "track.db"), track_id="run-1", engine=engine, serializers=SERIALIZERS)
            yield self.open(context), engine

    @pytest.fixture
    def store(self, opened: tuple[AssetStore, Engine]) -> AssetStore:
        """An empty store."""
        return opened[0]

    # Into the store

    def test_it_has_the_methods_of_a_store(self, store: AssetStore) -> None:
        """The protocol can be checked at run time."""
        assert isinstance(store, AssetStore)

    def test_an_empty_store_is_empty(self, store: AssetStore) -> None:
        """Looking raises nothing."""
        assert (store.keys(), store.names(), list(store), len(store), store.size) == ([], {}, [], 0, 0)
        assert (store.unused(), store.collect(), store.recount({}), store.recount({"0" * 16: 1})) == ([], [], [], [])

    def test_to_prepare_stores_nothing(self, store: AssetStore) -> None:
        """It only turns objects into bytes, equal ones into the same."""
        one, same, other = (store.prepare(Parcel(text)) for text in ("a", "a", "b"))
        assert (one.hash, one.digest, one.serializer) == (same.hash, same.digest, "parcels")
        assert one.hash != other.hash
        assert one.digest != other.digest
        assert (b"".join(one.pieces), one.size) == (b"parcela", 7)
        assert (len(store), store.keys(), store.get(one.hash), store.info(one.hash)) == (0, [], None, None)

    def test_the_serializer_that_is_meant_for_a_value_comes_first(self, store: AssetStore) -> None:
        """The general one gets the rest."""
        assert store.prepare(Parcel("a")).serializer == "parcels"
        assert store.prepare([1]).serializer == "anything"

    def test_two_serializers_for_a_value_are_a_conflict(self, opener: Opener) -> None:
        """The store does not choose."""
        store = opener(serializers={**SERIALIZERS, "others": _Parcels()})
        with pytest.raises(PluginConflictError):
            store.prepare(Parcel("a"))

    def test_what_cannot_become_bytes_is_refused(self, opener: Opener) -> None:
        """As no serializer takes it, or the one that does fails."""
        with pytest.raises(InvalidValueError):
            opener(serializers={"parcels": _Parcels()}).prepare([1])
        with pytest.raises(InvalidValueError):
            opener().prepare(threading.Lock())

    def test_what_is_put_is_found_by_its_hash(self, store: AssetStore) -> None:
        """Of every length."""
        for text in ("", "a", "日本", "x" * 3_000_000):
            asset = store.prepare(Parcel(text))
            store.put(asset)
            assert store.get(asset.hash) == Parcel(text)
        assert store.get(store.insert({"a": [1, None]})) == {"a": [1, None]}

    def test_it_is_found_by_its_name_too(self, store: AssetStore) -> None:
        """Until another object is put under that name."""
        one = store.insert(Parcel("one"), "model")
        store.put(store.prepare(Parcel("other")), "copy")
        assert (store.get("model"), store.get("copy")) == (Parcel("one"), Parcel("other"))
        two = store.insert(Parcel("two"), "model")
        assert (store.get("model"), store.get(one), store.get(two)) == (Parcel("two"), Parcel("one"), Parcel("two"))

    def test_equal_objects_are_kept_once(self, store: AssetStore) -> None:
        """However often and under whatever name they come; each is a use more."""
        keys = {store.insert(Parcel("same"), name) for name in (None, "a", "b", "a")}
        (key,) = keys
        store.put(store.prepare(Parcel("same")), uses=3)
        assert (store.keys(), len(store), _uses(store, key)) == ([key], 1, 7)

    def test_what_is_unknown_is_not_there(self, store: AssetStore) -> None:
        """Each method says so in its way, also of names and of what is no text."""
        store.insert(Parcel("a"), "name")
        unknown = "0" * 16
        assert (store.get(unknown), store.info(unknown), store.remove(unknown)) == (None, None, False)
        assert [each in store for each in (unknown, "name", 5, None)] == [False] * 4
        with pytest.raises(KeyError):
            store.raw(unknown)

    # Out of the store

    def test_the_bytes_are_those_that_were_prepared(self, store: AssetStore) -> None:
        """With the name of the serializer, and a digest: enough to put them into another store."""
        asset = store.prepare(Parcel("a"))
        store.put(asset)
        raw = store.raw(asset.hash)
        assert (raw.hash, raw.serializer, raw.digest) == (asset.hash, "parcels", asset.digest)
        assert (b"".join(raw.pieces), raw.size) == (b"parcela", 7)

    def test_bytes_move_from_store_to_store(self, store: AssetStore, opener: Opener) -> None:
        """As copying databases does, with as many uses."""
        key = store.insert(Parcel("a"))
        raw = store.raw(key)
        store.remove(key, None)
        other = opener()
        other.put(raw, uses=4)
        assert (other.get(key), _uses(other, key)) == (Parcel("a"), 4)

    def test_what_is_known_of_an_object(self, store: AssetStore) -> None:
        """Without loading it."""
        key = store.insert(Parcel("abc"))
        told = store.info(key)
        assert told is not None
        assert (told.hash, told.serializer, told.size, told.uses) == (key, "parcels", 9, 1)
        assert isinstance(told.place, str)

    def test_objects_are_listed_in_the_order_in_which_they_came(self, store: AssetStore) -> None:
        """And counted, and their bytes summed."""
        keys = [store.insert(Parcel(text)) for text in "hello world"]
        wanted = list(dict.fromkeys(keys))
        assert (store.keys(), list(store), len(store)) == (wanted, wanted, 8)
        assert all(key in store for key in wanted)
        assert store.size == 8 * 7

    def test_names_are_listed_with_what_they_stand_for(self, store: AssetStore) -> None:
        """With the object that was put last under each; without those of objects that went."""
        one, two = (store.insert(Parcel(text), "model") for text in ("one", "two"))
        store.put(store.raw(one), "copy", uses=0)
        store.put(store.raw(one), "日本", uses=0)
        store.insert(Parcel("nameless"))
        assert store.names() == {"model": two, "copy": one, "日本": one}
        assert _uses(store, one) == 1
        store.remove(one, None)
        assert store.names() == {"model": two}

    def test_an_object_of_a_missing_serializer_is_told(self, store: AssetStore, opener: Opener) -> None:
        """Its bytes are there all the same."""
        key = store.insert([1])
        other = opener(serializers={"parcels": _Parcels()})
        with pytest.raises(PluginNotInstalledError, match="anything"):
            other.get(key)
        assert other.raw(key).serializer == "anything"

    def test_without_trust_no_code_is_run(self, store: AssetStore, opener: Opener) -> None:
        """What loads safely loads; all else is refused, and can be looked at."""
        safe, unsafe = store.insert(Parcel("a")), store.insert([1])
        careful = opener(trusted=False)
        assert careful.get(safe) == Parcel("a")
        with pytest.raises(UntrustedError):
            careful.get(unsafe)
        assert (careful.raw(unsafe).serializer, _uses(careful, unsafe)) == ("anything", 1)

    def test_damage_is_noticed(self, tmp_path: Path, opener: Opener) -> None:
        """By whoever reads; other objects are as they were."""
        with closing(self.engine(tmp_path)) as engine:
            store = self.open(Context(str(tmp_path / "track.db"), engine=engine, serializers=SERIALIZERS))
            keys = [store.insert(Parcel(text)) for text in ("first", "second")]
        self.damage(tmp_path, keys[0])
        again = opener()
        for read in (again.get, again.raw):
            with pytest.raises(AssetDamagedError):
                read(keys[0])
        assert again.get(keys[1]) == Parcel("second")

    # Counting and removing

    def test_the_last_use_takes_the_object_along(self, store: AssetStore) -> None:
        """Its names, too. True as long as there was something to remove."""
        key = store.insert(Parcel("a"), "name")
        store.put(store.raw(key))
        assert (store.remove(key), _uses(store, key), store.get(key)) == (True, 1, Parcel("a"))
        assert (store.remove(key), store.get(key), store.get("name"), key in store) == (True, None, None, False)
        assert (store.remove(key), store.size, store.keys()) == (False, 0, [])

    def test_some_or_all_uses_are_taken_back(self, store: AssetStore) -> None:
        """None stands for all."""
        key = store.insert(Parcel("a"))
        store.put(store.raw(key), uses=4)
        assert (store.remove(key, 3), _uses(store, key)) == (True, 2)
        store.put(store.raw(key), uses=7)
        assert (store.remove(key, None), key in store) == (True, False)

    def test_an_object_that_comes_again_is_a_new_one(self, store: AssetStore) -> None:
        """Nothing of its count stays."""
        key = store.insert(Parcel("a"))
        store.remove(key, None)
        assert store.insert(Parcel("a")) == key
        assert (_uses(store, key), store.get(key)) == (1, Parcel("a"))

    def test_a_recount_never_goes_below_none(self, store: AssetStore) -> None:
        """It tells of objects without any use left, and removes none."""
        one, two = store.insert(Parcel("one")), store.insert(Parcel("two"))
        assert store.recount({one: 2, two: -5}) == [two]
        assert (_uses(store, one), _uses(store, two)) == (3, 0)
        assert store.recount({one: -3, two: 1}) == [one]
        assert (_uses(store, one), _uses(store, two), len(store)) == (0, 1, 2)

    def test_unused_is_what_no_row_names(self, opened: tuple[AssetStore, Engine]) -> None:
        """Whatever was counted, in whatever table: as a cell, or within JSON."""
        store, engine = opened
        cell, inside, elsewhere, idle = keys = [store.insert(Parcel(text)) for text in "abcd"]
        engine.append(TABLE, [make_row(0, {"x": cell, "y": Json(f'{{"kept": ["{inside}"]}}')})])
        engine.append("other", [make_row(0, {"x": elsewhere})])
        store.recount(dict.fromkeys(keys, -1))
        store.recount({idle: 5})
        assert store.unused() == [idle]
        engine.delete("other", "run-1")
        assert store.unused() == [elsewhere, idle]

    def test_collecting_removes_what_is_unused(self, opened: tuple[AssetStore, Engine]) -> None:
        """And tells which."""
        store, engine = opened
        kept, idle = (store.insert(Parcel(text)) for text in "ab")
        engine.append(TABLE, [make_row(0, {"x": kept})])
        assert store.collect() == [idle]
        assert (store.keys(), store.get(kept), store.get(idle)) == ([kept], Parcel("a"), None)
        assert store.collect() == []

    # With others

    def test_it_joins_the_transaction_of_the_engine(self, opened: tuple[AssetStore, Engine]) -> None:
        """Rows and objects are committed together, or not at all; it goes on afterwards."""
        store, engine = opened
        kept = store.insert(Parcel("kept"), "name")
        with pytest.raises(ZeroDivisionError), engine.transaction():
            store.put(store.prepare(Parcel("gone")), "name")
            store.put(store.raw(kept), uses=9)
            engine.append(TABLE, [make_row(0)])
            _ = 1 / 0
        assert (store.keys(), _uses(store, kept), store.get("name")) == ([kept], 1, Parcel("kept"))
        with pytest.raises(ZeroDivisionError), engine.transaction():
            store.remove(kept, None)
            _ = 1 / 0
        assert (store.get(kept), _uses(store, kept)) == (Parcel("kept"), 1)
        with engine.transaction():
            gone = store.insert(Parcel("gone"))
            engine.append(TABLE, [make_row(0, {"x": gone})])
        assert (store.get(gone), engine.count(TABLE)) == (Parcel("gone"), 1)

    def test_what_was_kept_is_there_after_reopening(self, opener: Opener) -> None:
        """Objects, names, counts and order."""
        first = opener()
        keys = [first.insert(Parcel(text), "name") for text in "cab"]
        first.put(first.raw(keys[1]))
        second = opener()
        assert (second.keys(), second.get("name")) == (keys, Parcel("b"))
        assert [_uses(second, key) for key in keys] == [1, 2, 1]

    def test_two_stores_on_one_database_agree(self, opener: Opener) -> None:
        """On what there is and how often, in any order of putting and removing."""
        one, two = opener(), opener()
        key = one.insert(Parcel("a"))
        assert two.insert(Parcel("a")) == key
        assert (_uses(one, key), _uses(two, key)) == (2, 2)
        one.remove(key)
        assert two.remove(key)
        assert (one.get(key), key in two, one.remove(key)) == (None, False, False)
        two.insert(Parcel("a"))
        assert (one.keys(), _uses(one, key), one.get(key)) == ([key], 1, Parcel("a"))

    def test_threads_share_a_store(self, store: AssetStore) -> None:
        """Each object is kept once, and every use is counted."""
        start = threading.Barrier(4)
        failures: list[BaseException] = []

        def insert(thread: int) -> None:
            try:
                start.wait()
                for number in range(10):
                    store.insert(Parcel(f"{number}"))
                    store.insert(Parcel(f"of {thread}"))
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=insert, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert sorted(_uses(store, key) for key in store) == [4] * 10 + [10] * 4

    def test_a_tracker_logs_objects_into_it(self, tmp_path: Path) -> None:
        """The row holds the hash; deleting the run takes the use back."""

        class UnderTest(Plugin):
            def xetrack_asset_stores(_) -> list[Provider[AssetStore]]:  # noqa: N805 - `self` is the contract
                return [Provider("under-test", lambda _, context: self.open(context))]

            def xetrack_serializers(_) -> list[Provider[Serializer]]:  # noqa: N805 - as above
                return [Provider("parcels", lambda _, __: _Parcels())]

        with Tracker(tmp_path / "track.db", plugins=[UnderTest]) as tracker:
            key = tracker.log({"model": Parcel("a")})["model"]
            tracker.log_batch([{"model": Parcel("a")}, {"model": Parcel("b")}])
            assert (tracker.get(key), tracker.get("model")) == (Parcel("a"), Parcel("b"))
            assert (_uses(tracker.assets, key), tracker.assets.unused()) == (2, [])
            assert tracker.remove_asset(key, "model")
            assert key not in tracker.assets


def _uses(store: AssetStore, key: str) -> int:
    told = store.info(key)
    assert told is not None
    return told.uses
