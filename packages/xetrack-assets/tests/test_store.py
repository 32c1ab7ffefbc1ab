"""The store by itself: removing, collecting, damage, places, compression, and values that are too long for one row."""

import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import fsspec
import numpy as np
import pytest

from xetrack import Reader, Tracker, XetrackWarning
from xetrack.errors import AssetDamagedError, DatabaseReadOnlyError, InvalidValueError, UntrustedError
from xetrack_assets import blobs, content, store

PLACES = ["file", "chunks", "folder", "local URL", "memory URL"]


@pytest.fixture(params=PLACES)
def options(request, tmp_path, monkeypatch):
    """Options of a tracker whose objects go to each kind of place."""
    if request.param == "chunks":
        for module in (content, store):
            monkeypatch.setattr(module, "MOST_WHOLE", 64)
        monkeypatch.setattr(store, "PART", 100)
    urls = {"local URL": f"file://{tmp_path}/url", "memory URL": f"memory://{tmp_path.name}", "folder": tmp_path / "f"}
    yield {"assets": urls[request.param]} if request.param in urls else {}
    fsspec.filesystem("memory").store.clear()


VALUES = [np.arange(1000), list(range(300)), "x" * 5000, b"", np.zeros((0, 2)), range(5), None]


@pytest.mark.parametrize("compress", [False, True])
def test_objects_come_back_from_every_place(track, options, compress):
    tracker = track(**options, compress=compress)
    keys = [tracker.assets.insert(value) for value in VALUES]
    for key, value in zip(keys, VALUES, strict=True):
        back = tracker.assets.get(key)
        assert np.array_equal(back, value) if isinstance(value, np.ndarray) else back == value
    assert tracker.assets.keys() == list(tracker.assets) == keys
    assert len(tracker.assets) == len(VALUES)
    assert all(key in tracker.assets for key in keys)
    assert tracker.assets.size == sum(tracker.assets.raw(key).size for key in keys)
    if compress:
        with Reader(tracker.db, **options) as reader:
            assert np.array_equal(reader.assets.get(keys[0]), VALUES[0])


def test_a_reader_finds_them_wherever_they_are(track, options):
    tracker = track(**options)
    key = tracker.log({"value": range(5)})["value"]
    with Reader(tracker.db) as reader:
        assert reader.assets.get(key) == range(5)


def test_the_last_use_takes_the_object_and_its_bytes(track, options):
    tracker = track(**options)
    key = tracker.log_batch([{"value": range(5)}] * 2)[0]["value"]
    assert tracker.assets.remove(key)
    assert tracker.get(key) == range(5)
    assert tracker.assets.remove(key)
    assert tracker.get(key) is None
    assert not tracker.assets.remove(key)
    assert stored(tracker, options) == 0


def stored(tracker, options):
    """How many values there are, in all places."""
    if "assets" in options:
        place = str(options["assets"])
        kind = place.partition(":")[0] if "://" in place else "file"
        return len(list(fsspec.filesystem(kind).find(place)))
    (in_one_row,) = tracker.conn.execute("SELECT count(*) FROM db.assets").fetchone()
    (in_several,) = tracker.conn.execute("SELECT count(DISTINCT key) FROM db.xetrack_chunks").fetchone()
    return in_one_row + in_several


def test_removing_one_of_two_references_leaves_the_other(tracker):
    tracker.log({"first": range(5)})
    key = tracker.log({"second": range(5)})["second"]
    assert tracker.remove_asset(key, "second")
    assert [row.get("second") for row in tracker] == [None, None]
    assert tracker[0]["first"] == key
    assert tracker.get(key) == range(5)
    assert not tracker.remove_asset(key, "second")
    assert not tracker.remove_asset(key, "no such column")
    assert "no such column" not in tracker.columns
    assert tracker.remove_asset(key, "first")
    assert tracker.get(key) is None


def test_an_object_is_removed_for_good_without_a_column(tracker):
    key = tracker.log_batch([{"value": range(5)}] * 3)[0]["value"]
    assert tracker.remove_asset(key)
    assert not tracker.remove_asset(key)
    assert tracker.get(key) is tracker.get("value") is None
    assert tracker[0]["value"] == key


def test_what_no_row_names_is_found_and_collected_and_the_space_given_back(track, options):
    tracker = track(**options, track_id="kept")
    kept = tracker.log({"value": range(5), "nested": [{"deep": 6j}, {"deep": 7j}]})
    with Tracker(tracker.db, track_id="gone", **options) as other:
        other.log({"big": np.random.default_rng(0).bytes(300_000) + b"x", "array": np.arange(50_000), "v": range(5)})
    with Reader(tracker.db, **options) as reader:
        with pytest.warns(XetrackWarning, match=r"run gone leaves 1 object that no other run logged") as told:
            assert reader.delete_run("gone") == 1
        before = stored(tracker, options), Path(tracker.db).stat().st_size
        (key,) = reader.assets.unused()
        assert key in str(told[0].message)
        assert reader.collect_assets() == [key]
        assert reader.collect_assets() == []
        assert reader.assets.unused() == []
        assert reader.assets.get(kept["value"]) == range(5)
        assert reader.assets.get(kept["nested"]) == [{"deep": 6j}, {"deep": 7j}]
    assert stored(tracker, options) < before[0]
    if "assets" not in options:
        tracker.flush()
        assert Path(tracker.db).stat().st_size < before[1] - 300_000


def test_a_hash_logged_as_text_keeps_its_object(tracker):
    key = tracker.log({"value": range(5)})["value"]
    with Tracker(tracker.db, track_id="by-hash") as other:
        other.log({"value": key})
    with Reader(tracker.db) as reader:
        with pytest.warns(XetrackWarning, match="those that no row uses"):
            reader.delete_run(tracker.track_id)
        assert reader.collect_assets() == []
        assert reader.assets.get(key) == range(5)


@pytest.mark.parametrize("texts", [1, 1200], ids=["few texts", "many texts"])
def test_deleting_a_run_takes_its_uses_back_and_no_others(tracker, texts):
    key = tracker.log({"value": range(5)})["value"]
    with Tracker(tracker.db, track_id="gone") as other:
        other.log_batch([{"value": range(5), "again": range(5), "text": f"{number}"} for number in range(texts)])
    with Reader(tracker.db) as reader:
        assert reader.assets.info(key).uses == 1 + 2 * texts
        assert reader.delete_run("gone") == texts
        assert reader.assets.info(key).uses == 1


def test_deleting_a_run_without_objects_says_nothing(tracker):
    tracker.log({"x": 1})
    with Reader(tracker.db) as reader:
        assert reader.delete_run(tracker.track_id) == 1


def test_collecting_leaves_no_bytes_that_nobody_names_beside_the_file(track, tmp_path):
    tracker = track(assets=tmp_path / "f")
    key = tracker.log({"value": range(5)})["value"]
    (file,) = (tmp_path / "f").rglob(key)
    (file.parent / "0123456789abcdef").write_bytes(b"of a process that was killed before its commit")
    (file.parent / "README").write_text("somebody's")
    assert tracker.assets.collect() == []
    assert sorted(path.name for path in file.parent.iterdir()) == sorted([key, "README"])


def test_two_databases_may_share_a_folder(track, tmp_path):
    first, second = track(assets=tmp_path / "f"), track(db=tmp_path / "other.db", assets=tmp_path / "f")
    key = first.log({"value": range(5)})["value"]
    assert second.log({"value": range(5)})["value"] == key
    assert first.assets.remove(key)
    assert first.assets.collect() == []
    assert second.get(key) == range(5)


def test_a_folder_that_moved_is_named_to_the_reader(track, tmp_path):
    tracker = track(assets=tmp_path / "f")
    key = tracker.log({"value": range(5)})["value"]
    (tmp_path / "f").rename(tmp_path / "moved")
    with Reader(tracker.db) as reader, pytest.raises(AssetDamagedError, match=f"{key} are missing from {tmp_path}/f/"):
        reader.assets.get(key)
    with Reader(tracker.db, assets=tmp_path / "moved") as reader:
        assert reader.assets.get(key) == range(5)


def test_a_place_that_only_the_file_names_is_not_looked_at_without_trust(track, tmp_path):
    tracker = track(assets=tmp_path / "f")
    key = tracker.assets.insert(np.arange(3))
    with Reader(tracker.db, trusted=False) as reader, pytest.raises(UntrustedError, match="confirm it with assets="):
        reader.assets.get(key)
    with Reader(tracker.db, trusted=False, assets=tmp_path / "f") as reader:
        assert np.array_equal(reader.assets.get(key), np.arange(3))


DAMAGES = {
    "a flipped bit": lambda data: bytes(data[:-1]) + bytes([data[-1] ^ 1]),
    "a cut end": lambda data: bytes(data[:-9]),
    "nothing left": lambda data: b"",
    "something compressed": lambda data: zlib.compress(b"else"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("compress", [False, True])
def test_damaged_bytes_are_an_error_that_names_the_object(track, options, damage, compress):
    tracker = track(**options, compress=compress)
    key = tracker.log({"value": np.random.default_rng(0).random(1000)})["value"]
    place = tracker.assets._blobs(tracker.assets.info(key).place)
    place.put(key, [damage(place.get(key))])

    with pytest.raises(AssetDamagedError, match=f"object {key}.*(damaged|missing)"):
        tracker.get(key)
    with pytest.raises(AssetDamagedError, match=key):
        tracker.assets.raw(key)
    assert tracker.assets.keys() == [key]


def test_bytes_that_are_gone_are_an_error(track, options):
    tracker = track(**options)
    key = tracker.log({"value": range(50)})["value"]
    place = tracker.assets.info(key).place
    if place in ("assets", "xetrack_chunks"):
        tracker.engine.database.query(f"DELETE FROM db.{place}")
    else:
        tracker.assets._outside(place).remove(key)
    with pytest.raises(AssetDamagedError, match=f"{key} are missing"):
        tracker.get(key)


def test_two_objects_of_one_hash_are_never_mixed_up(track, options):
    tracker = track(**options)
    mine = tracker.assets.prepare([1])
    theirs = tracker.assets.prepare([2])
    object.__setattr__(theirs, "hash", mine.hash)
    tracker.assets.put(mine)
    with pytest.raises(InvalidValueError, match=f"{mine.hash} already belongs to another object"):
        tracker.assets.put(theirs)
    assert tracker.assets.get(mine.hash) == [1]
    assert tracker.assets.info(mine.hash).uses == 1


def test_objects_stay_in_the_order_in_which_they_came(tracker):
    keys = [tracker.assets.insert([number]) for number in range(5)]
    for number in (3, 0, 3):
        tracker.assets.insert([number])
    assert tracker.assets.keys() == keys


def test_counts_never_fall_below_none(tracker):
    key = tracker.assets.insert([1])
    assert tracker.assets.recount({key: 2, "0123456789abcdef": 5}) == []
    assert tracker.assets.recount({key: -7}) == [key]
    assert tracker.assets.info(key).uses == 0
    assert tracker.assets.recount({key: 1}) == []
    assert tracker.assets.info(key).uses == 1


def test_a_reader_changes_nothing(track):
    tracker = track()
    key = tracker.log({"value": range(5)})["value"]
    with Reader(tracker.db) as reader:
        with pytest.raises(DatabaseReadOnlyError):
            reader.assets.remove(key)
        assert reader.remove_asset(key)
        assert reader.assets.get(key) is None


def test_a_reader_of_a_file_without_objects_finds_none(tracker):
    tracker.log({"x": 1})
    with Reader(tracker.db) as reader:
        assert (len(reader.assets), reader.assets.size, reader.assets.unused()) == (0, 0, [])
        assert reader.assets.get("x") is None
        assert reader.collect_assets() == []
    assert "assets" not in {name for (name,) in tracker.conn.execute("SELECT name FROM db.sqlite_master")}


@pytest.mark.parametrize("value", [5, 10**12, "text", None])
def test_a_value_that_is_not_bytes_is_damage(track, value):
    tracker = track()
    key = tracker.log({"value": range(50)})["value"]
    tracker.engine.database.query("UPDATE db.assets SET value = ?", (value,))
    with pytest.raises(AssetDamagedError, match="expected bytes, found"):
        tracker.get(key)


def test_keys_that_are_no_hashes_never_reach_the_file_system(tmp_path):
    (tmp_path / "secret").write_text("x")
    folder = blobs.Folder(tmp_path / "f")
    for key in ("../secret", "secret", "/etc/passwd", "0123456789ABCDEF", ""):
        with pytest.raises(KeyError):
            folder.get(key)
        with pytest.raises(KeyError):
            folder.remove(key)
        with pytest.raises(KeyError):
            folder.put(key, [b""])
    assert folder.keys() == []
    folder.put("0123456789abcdef", [b"a", b"bc"])
    assert (folder.keys(), folder.get("0123456789abcdef")) == (["0123456789abcdef"], b"abc")


def test_a_removal_that_is_undone_leaves_the_bytes(track, options):
    tracker = track(**options)
    key = tracker.log({"value": range(5)})["value"]
    with suppress(ZeroDivisionError), tracker.engine.transaction():
        tracker.assets.remove(key)
        _ = 1 / 0
    assert tracker.get(key) == range(5)


def test_threads_that_insert_at_once_lose_no_use(tracker):
    def insert(_):
        return [tracker.assets.insert(range(number)) for number in range(10)]

    for _ in range(5):
        with ThreadPoolExecutor(8) as pool:
            keys, *_ = pool.map(insert, range(8))
        assert [tracker.assets.info(key).uses for key in keys] == [8] * 10
        for key in keys:
            tracker.assets.remove(key, None)


BIG = 3_000_000  # bytes


def by_tracker(tracker, options, keys):
    for number, key in enumerate(keys):
        tracker.remove_asset(key, f"big{number}")


def by_hash(tracker, options, keys):
    for key in keys:
        tracker.assets.remove(key, None)


def by_reader(tracker, options, keys):
    with Reader(tracker.db, **options) as reader:
        for key in keys:
            reader.remove_asset(key)


def with_the_run(tracker, options, keys):
    with Reader(tracker.db, **options) as reader, pytest.warns(XetrackWarning, match="that no other run logged"):
        assert reader.delete_run(tracker.track_id)


@pytest.mark.parametrize("remove", [by_tracker, by_hash, by_reader, with_the_run])
def test_collecting_gives_the_space_of_what_was_removed_back(track, options, remove):
    with Tracker(track(**options).db, track_id="other", **options) as other:
        kept = other.log({"kept": np.arange(10)})["kept"]
    tracker = track(**options, track_id="run")
    random = np.random.default_rng(0)
    row = tracker.log({f"big{number}": random.random(BIG // 16) for number in range(2)} | {"more": random.random(100)})
    keys = [row["big0"], row["big1"]]
    tracker.flush()
    remove(tracker, options, keys)
    with Reader(tracker.db, **options) as reader:
        reader.collect_assets()
        assert reader.assets.get(kept).tolist() == list(range(10))
    tracker.flush()
    assert Path(tracker.db).stat().st_size < BIG // 10
    assert stored(tracker, options) == len(tracker.assets)


def test_collecting_rewrites_the_file_only_where_that_is_worth_it(tracker, monkeypatch):
    database, compactions = tracker.engine.database, []
    monkeypatch.setattr(database, "compact", lambda: compactions.append(1))
    for number in range(20):
        tracker.log({"big": np.full(20_000, number)})
    tracker.log({"small": np.arange(500)})
    assert (tracker.assets.collect(), compactions) == ([], [])
    tracker.assets.remove(tracker[20]["small"])
    assert (tracker.assets.collect(), compactions) == ([], [])
    for number in range(10):
        tracker.assets.remove(tracker[number]["big"])
    assert (tracker.assets.collect(), compactions) == ([], [1])


def test_files_of_a_folder_that_holds_no_object_any_more_are_removed(track, tmp_path):
    tracker = track(assets=tmp_path / "f")
    key = tracker.log({"value": range(5)})["value"]
    (file,) = (tmp_path / "f").rglob(key)
    with tracker.engine.transaction():  # it may be undone: the bytes are left to `collect()`
        tracker.assets.remove(key)
    (file.parent / f"{key}.abc_1234").write_bytes(b"of a process that was killed as it wrote")
    assert file.exists()
    assert tracker.assets.collect() == []
    assert list(file.parent.iterdir()) == []
    again = tracker.log({"value": range(5)})["value"]
    assert (file.parent / again).exists()
    assert list(tracker.assets) == [again]
