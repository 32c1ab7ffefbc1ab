"""The folder of a cache: nothing is lost, nothing that is damaged or planted is believed, nothing is run."""

import os
import pickle
import resource
import sqlite3
import stat
from contextlib import closing, nullcontext
from pathlib import Path

import diskcache
import pytest
from cache_values import Config

from xetrack import Reader, Tracker, XetrackWarning
from xetrack.errors import DatabaseError, DatabaseNotFoundError, NotADatabaseError, OptionError, UntrustedError
from xetrack_cache import entry_format
from xetrack_cache.entry_format import pack, unpack

SMALL, LARGE = 10, 200_000
pytestmark = pytest.mark.filterwarnings("ignore:.*[oO]nly (the|its) repr")  # there is no asset store here


@pytest.fixture
def tracker():
    with Tracker("track.db", cache="cache") as opened:
        yield opened


def text(size):
    return "x" * size


def config(value):
    return Config(value)


def sources(tracker):
    return tracker.to_df()["cache"].tolist()


def change(query, *values):
    with closing(sqlite3.connect("cache/cache.db")) as connection:
        connection.execute(query, values)
        connection.commit()


def value_file():
    [path] = Path("cache").glob("*/*/*.val")
    return path


# Opening


def test_the_folder_is_the_users_own(tracker):
    assert stat.S_IMODE(Path("cache").stat().st_mode) == 0o700


def test_folders_above_and_a_home_are_fine(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with Tracker("track.db", cache="~/deep/cache") as tracker:
        tracker.track(text, 1)
    assert (tmp_path / "home/deep/cache/cache.db").is_file()


def test_nothing_is_ever_culled(tracker):
    cache = tracker.cache.entries.cache

    assert cache.eviction_policy == "none"
    assert cache.cull_limit == 0
    for number in range(30):
        tracker.track(text, LARGE + number)
    cache.cull()
    assert len(cache) == 30


def test_a_limit_of_the_users_is_kept():
    with Tracker("track.db", cache="cache", cache_size_limit=10 * LARGE) as tracker:
        for number in range(30):
            tracker.track(text, LARGE + number)
        assert tracker.cache.entries.cache.volume() < 15 * LARGE
        tracker.track(text, LARGE + 29)
        tracker.track(text, LARGE)
        assert tracker.to_df()["cache"].tolist()[-2:] == [tracker.track_id, ""]


def test_a_folder_in_which_diskcache_would_see_a_variable_is_refused(monkeypatch):
    monkeypatch.setenv("WHERE", "elsewhere")

    with pytest.raises(OptionError, match=r"expands \$"):
        Tracker("track.db", cache="$WHERE/cache")
    assert not Path("elsewhere").exists()


def test_a_file_in_place_of_the_folder_is_an_error():
    Path("cache").write_text("", encoding="utf-8")

    with pytest.raises(DatabaseError, match="cannot be created"):
        Tracker("track.db", cache="cache")


def test_a_database_that_is_none_is_an_error():
    Path("cache").mkdir()
    Path("cache/cache.db").write_bytes(b"no database" * 1000)

    with pytest.raises(NotADatabaseError, match="not a cache, or is damaged"):
        Tracker("track.db", cache="cache")


# Damage


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_entries_come_from_one_read(tracker, size):
    tracker.track(text, size)
    assert tracker.track(text, size) == text(size)
    assert sources(tracker) == ["", tracker.track_id]


DAMAGES = {
    "flipped bit": lambda data: data[:150] + bytes([data[150] ^ 1]) + data[151:],
    "flipped last bit": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "flipped first bit": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "half": lambda data: data[: len(data) // 2],
    "head only": lambda data: data[:20],
    "empty": lambda data: b"",
    "longer": lambda data: data + b"\0",
    "zeros": lambda data: bytes(len(data)),
    "a pickle": lambda data: pickle.dumps({"result": 1, "cache": "me"}),
    "text": lambda data: "text",
    "number": lambda data: 5,
    "null": lambda data: None,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_entry_is_computed_again(tracker, damage):
    tracker.track(text, 300)
    [(_, data)] = tracker.cache.entries.items()
    change("UPDATE Cache SET value = ?", damage(data))
    told = isinstance(damage(data), bytes)  # else it is an entry of somebody else

    with pytest.warns(XetrackWarning, match="cache: skipped 1 entry that cannot be read") if told else nullcontext():
        assert list(Reader.scan_cache("cache")) == []
    with pytest.warns(XetrackWarning, match="damaged and is computed again: .*text:") if told else nullcontext():
        assert tracker.track(text, 300) == text(300)
    assert tracker.track(text, 300) == text(300)
    assert sources(tracker) == ["", "", tracker.track_id]


@pytest.mark.parametrize("damage", [name for name in DAMAGES if name not in {"text", "number", "null"}])
def test_a_damaged_file_is_computed_again(tracker, damage):
    tracker.track(text, LARGE)
    path = value_file()
    path.write_bytes(DAMAGES[damage](path.read_bytes()))

    with pytest.warns(XetrackWarning, match="damaged and is computed again"):
        assert tracker.track(text, LARGE) == text(LARGE)
    assert tracker.track(text, LARGE) == text(LARGE)
    assert sources(tracker) == ["", "", tracker.track_id]


def test_a_missing_file_is_computed_again(tracker):
    tracker.track(text, LARGE)
    value_file().unlink()

    assert tracker.track(text, LARGE) == text(LARGE)
    assert tracker.track(text, LARGE) == text(LARGE)
    assert sources(tracker) == ["", "", tracker.track_id]


def test_an_entry_under_another_key_is_not_believed(tracker):
    tracker.track(text, 1)
    tracker.track(text, 2)
    first, second = tracker.cache.entries
    entries = dict(tracker.cache.entries.items())
    for key, other in ((first, second), (second, first)):
        change("UPDATE Cache SET value = ? WHERE key = ?", entries[other], key)

    with pytest.warns(XetrackWarning, match="damaged and is computed again"):
        assert tracker.track(text, 1) == "x"
    assert tracker.track(text, 2) == "xx"
    assert sources(tracker) == [""] * 4


def test_what_others_put_there_is_left_alone(tracker):
    with diskcache.Cache("cache") as other:
        other["theirs"] = {"result": 1, "cache": "x"}
        other["their text"] = "hello"
        other[("their", "tuple")] = b"bytes"
        other[5] = 5.0
        theirs = len(other)
    tracker.track(text, 1)

    assert len(list(Reader.scan_cache("cache"))) == 1
    assert Reader.read_cache("cache", "theirs") is None
    assert Reader.delete_cache_by_track_id("cache", tracker.track_id) == 1
    assert len(tracker.cache.entries) == theirs


def test_a_result_whose_class_is_gone_is_computed_again(tracker):
    tracker.track(config, "a")
    [key] = tracker.cache.entries
    data = tracker.cache.entries[key].replace(b"Config", b"Confid")
    import hashlib

    tracker.cache.entries.put(key, data[:-16] + hashlib.blake2b(data[:-16], digest_size=16).digest(), "x")

    with pytest.warns(XetrackWarning, match="cannot be read and is computed again"):
        assert tracker.track(config, "a") == Config("a")


def test_an_entry_tells_key_and_run_and_nothing_else_fits():
    entry = pack("f:01", [1], "run-1")

    track_id, pickled = unpack("f:01", entry)
    assert (track_id, pickle.loads(pickled)) == ("run-1", [1])  # noqa: S301 - our own
    assert unpack("f:02", entry) is None
    assert unpack("f:0", entry) is None
    assert all(unpack("f:01", entry[:size]) is None for size in range(len(entry)))


# Strangers' folders


class Exploit:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("exploited",)


@pytest.fixture
def crafted(tracker):
    """A cache with an entry that runs code, well-formed, and its key."""
    tracker.track(text, 1)
    [key] = tracker.cache.entries
    tracker.cache.entries.put(key, pack(key, Exploit(), tracker.track_id), tracker.track_id)
    with diskcache.Cache("cache") as other:  # the like in diskcache's own format, as value and as key
        other.set("value", Exploit(), tag=tracker.track_id)
        other.set((Exploit(),), b"", tag=tracker.track_id)
        other.set("file", [Exploit(), text(LARGE)], tag=tracker.track_id)
    return key


def test_listing_and_deleting_run_nothing(tracker, crafted):
    [(key, entry)] = Reader.scan_cache("cache")

    assert key == crafted
    assert entry["cache"] == tracker.track_id
    assert repr(entry["result"]).startswith("<unread result of ")
    assert "mkdir" in entry["result"].why
    assert set(tracker.cache.entries) == {crafted, "value", "file"}
    assert len(tracker.cache.entries) == 4
    assert Reader.delete_cache_by_track_id("cache", tracker.track_id) == 4
    assert not Path("exploited").exists()


def test_reading_without_trust_names_what_was_refused(crafted):
    with pytest.raises(UntrustedError, match=r"the result contains posix\.mkdir"):
        Reader.read_cache("cache", crafted, trusted=False)
    assert Reader.read_cache("cache", "value") is None
    assert Reader.read_cache("cache", "file") is None
    assert not Path("exploited").exists()


def test_safe_mode_trusts_nobody(monkeypatch, crafted):
    monkeypatch.setenv("XETRACK_SAFE", "1")

    with pytest.raises(UntrustedError):
        Reader.read_cache("cache", crafted, trusted=True)
    [(_, entry)] = Reader.scan_cache("cache", trusted=True)
    assert "unread" in repr(entry["result"])
    with Tracker("track.db", cache="cache") as tracker:
        with pytest.warns(XetrackWarning, match="computed again because XETRACK_SAFE is set"):
            assert tracker.track(text, 1) == "x"
        assert tracker.track(text, 1) == "x"
        assert sources(tracker) == ["", tracker.track_id]
    assert not Path("exploited").exists()


def test_a_trusted_listing_reads_everything(tracker):
    tracker.track(config, "a")
    tracker.track(text, LARGE)

    untrusted, trusted = (list(Reader.scan_cache("cache", trusted=each)) for each in (False, True))
    assert [key for key, _ in trusted] == [key for key, _ in untrusted]
    assert [entry["result"] for _, entry in trusted] == [Config("a"), text(LARGE)]
    assert untrusted[1] == trusted[1]
    assert untrusted[0][1]["result"] != Config("a")


BUILTIN = [None, True, 1, 1.5, 2j, "a", b"a", bytearray(b"a"), [1, (2,)], {"a": {1, 2}}, frozenset({1}), 2**100]


def test_builtin_results_need_no_trust(tracker):
    for number, value in enumerate(BUILTIN):
        key = f"f:{number:02x}"
        tracker.cache.set(key, value, tracker.track_id)
        assert Reader.read_cache("cache", key, trusted=False) == {"result": value, "cache": tracker.track_id}


def test_no_file_outside_of_the_folder_is_read_or_removed(tracker, tmp_path):
    tracker.track(text, LARGE)
    path = value_file()
    secret = tmp_path / path.name
    path.rename(secret)  # a whole entry, outside
    [key] = tracker.cache.entries
    link = Path("cache/ab/cd") / path.name
    for name in (f"../{secret.name}", str(secret), f"ab/cd/../../../{secret.name}", f"ab/cd/{path.name}"):
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(secret)
        change("UPDATE Cache SET filename = ?", name)

        assert Reader.read_cache("cache", key) is None
        assert tracker.cache.get(key) is None
        tracker.cache.entries.cache.disk.remove(name)
        assert secret.exists()
    change("UPDATE Cache SET filename = ?", f"../{secret.name}")
    assert Reader.delete_cache_by_track_id("cache", tracker.track_id) == 1
    assert secret.exists()


# Reading


def listing(folder):
    return {path.name: path.stat().st_mtime_ns for path in [folder, *folder.iterdir()]}


def test_reading_changes_nothing(tracker):
    tracker.track(text, 1)
    tracker.close()
    before = listing(Path("cache"))

    assert len(list(Reader.scan_cache("cache"))) == 1
    assert Reader.read_cache("cache", "no such key") is None
    assert {name: before[name] for name in before if name != "cache"} == {
        name: time for name, time in listing(Path("cache")).items() if name != "cache"
    }


def test_reading_keeps_the_settings_of_others():
    with diskcache.Cache("cache", size_limit=12345, eviction_policy="least-recently-used"):
        pass
    list(Reader.scan_cache("cache"))

    with diskcache.Cache("cache") as cache:
        assert (cache.size_limit, cache.eviction_policy) == (12345, "least-recently-used")


@pytest.mark.parametrize("path", ["nothing", "empty", "a.txt"])
def test_what_is_no_cache_is_refused_and_left_alone(path):
    Path("empty").mkdir()
    Path("a.txt").touch()
    before = sorted(Path().rglob("*"))

    for use in (
        lambda: Reader.read_cache(path, "f:1"),
        lambda: list(Reader.scan_cache(path)),
        lambda: Reader.delete_cache_by_track_id(path, "run"),
    ):
        with pytest.raises(DatabaseNotFoundError, match="is not a cache folder"):
            use()
    assert sorted(Path().rglob("*")) == before


def test_another_database_is_refused():
    Path("folder").mkdir()
    with closing(sqlite3.connect("folder/cache.db")) as connection:
        connection.execute("CREATE TABLE other (x)")

    with pytest.raises(DatabaseError, match="is not a cache"):
        Reader.read_cache("folder", "f:1")


def test_a_long_listing_may_be_read_while_it_grows(tracker):
    for number in range(150):
        tracker.track(text, number)
    scanned = Reader.scan_cache("cache")
    first = next(scanned)
    tracker.track(text, 1000)

    assert len({key for key, _ in [first, *scanned]}) == 151


def test_a_run_is_forgotten_and_only_that(tracker):
    tracker.track(text, 1)
    tracker.track(text, LARGE)
    with Tracker("track.db", cache="cache") as other:
        other.track(text, 1)
        other.track(text, 2)

    assert Reader.delete_cache_by_track_id("cache", tracker.track_id) == 2
    assert [entry["cache"] for _, entry in Reader.scan_cache("cache")] == [other.track_id]
    assert list(Path("cache").glob("*/*/*.val")) == []
    assert Reader.delete_cache_by_track_id("cache", tracker.track_id) == 0


# A disk that is full


@pytest.fixture
def small_files():
    """No file may grow beyond 100 kB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_a_warning(small_files, counted):
    with Tracker(Tracker.SKIP_INSERT, cache="cache") as tracker:
        small_files()
        with pytest.warns(XetrackWarning, match="results are not cached because the cache cannot be written"):
            assert tracker.track(counted, LARGE) == text(LARGE)
        assert tracker.track(counted, LARGE) == text(LARGE)  # warned of once
        for number in range(100):  # until the database itself is full
            assert tracker.track(counted, 2000 + number) == text(2000 + number)
    assert list(Path("cache").glob("*/*/*.val")) == []


def test_a_disk_that_has_room_again_is_used_again(small_files):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Tracker("track.db", cache="cache") as tracker:
        tracker.track(text, 5)
        small_files()
        with pytest.warns(XetrackWarning, match="cannot be written"):
            fill(tracker.cache)
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        tracker.cache.set("f:ff", text(30_000), "run")
        assert tracker.cache.get("f:ff")["result"] == text(30_000)
        assert tracker.track(text, 5) == text(5)
        assert tracker.latest["cache"] == tracker.track_id


def fill(cache):
    for number in range(20):
        cache.set(f"f:{number:02x}", text(30_000), "run")


@pytest.fixture
def counted():
    return text


# Forks and threads


def test_a_forked_child_opens_the_cache_anew(tracker):
    tracker.track(text, 1)
    child = os.fork()
    if not child:
        try:
            tracker.track(text, 1)
            tracker.track(text, 2)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    tracker.track(text, 2)

    assert sources(tracker) == ["", tracker.track_id, "", tracker.track_id]


@pytest.mark.parametrize("name", ["bytearray", "set", "frozenset"])
def test_a_strangers_result_cannot_be_as_long_as_it_says(name):
    with pytest.raises(UntrustedError, match=rf"builtins\.{name}"):
        entry_format.load_plain(memoryview(b"cbuiltins\n%s\n(J\xff\xff\x00\x00tR." % name.encode()))
    with pytest.raises(pickle.UnpicklingError, match="refer to index"):
        entry_format.load_plain(memoryview(b"\x80\x05Nr\x00\x00\x00\x60."))


def test_a_second_tracker_leaves_this_process_its_locks(tmp_path, python):
    """To close the file, by whatever opened it, would drop the locks of the first one (POSIX)."""
    with Tracker(tmp_path / "track.db", cache=tmp_path / "cache") as tracker:
        tracker.track(divmod, 7, 2)
        Tracker(tmp_path / "track.db", cache=tmp_path / "cache").close()
        # a file in WAL mode that is in use cannot leave it; if nobody seems to use it, it can
        mode = python(
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=0)\n"
            "try: print(c.execute('PRAGMA journal_mode = DELETE').fetchone()[0])\n"
            "except sqlite3.OperationalError: print('in use')",
            tmp_path / "cache" / "cache.db",
        )
        assert mode == "in use"


def test_a_damaged_index_of_a_cache_is_an_error_of_ours(tmp_path):
    cache = tmp_path / "cache"
    with Tracker(tmp_path / "track.db", cache=cache) as tracker:
        for number in range(100):
            tracker.track(divmod, number, 7)
    whole = (cache / "cache.db").read_bytes()
    (cache / "cache.db").write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    for use in (lambda: list(Reader.scan_cache(cache)), lambda: Reader.read_cache(cache, "x"),
                lambda: Reader.delete_cache_by_track_id(cache, "x")):  # fmt: skip
        with pytest.raises(NotADatabaseError, match="damaged"):
            use()


@pytest.mark.parametrize(
    "damage",
    [
        "INSERT INTO Settings VALUES (x'ff', 1)",
        "INSERT INTO Settings VALUES ('disk_unknown', 1)",
        "DROP TABLE Settings; CREATE TABLE Settings (key, value); INSERT INTO Settings VALUES (NULL, 1)",
    ],
)
def test_damaged_settings_of_diskcache_are_an_error_of_ours(damage):
    with Tracker("track.db", cache="cache") as tracker:
        tracker.track(text, SMALL)
    with closing(sqlite3.connect("cache/cache.db")) as connection:
        connection.executescript(damage)

    with pytest.raises(NotADatabaseError, match=r"is damaged: .* Delete the folder"):
        Tracker("track.db", cache="cache")
    with pytest.raises(NotADatabaseError, match="is damaged"):
        Reader.delete_cache_by_track_id("cache", "nobody")
    assert [entry["result"] for _, entry in Reader.scan_cache("cache")] == ["x" * SMALL]


def test_a_url_is_no_folder(tmp_path):
    with pytest.raises(OptionError, match=r"cache='redis://ann:\*\*\*@host': this is a URL\. Pass a path\."):
        Tracker("track.db", cache="redis://ann:pw@host")
    assert not list(tmp_path.iterdir())
