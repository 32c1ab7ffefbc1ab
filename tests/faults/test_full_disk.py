"""A disk with no room left, and one that cannot be written: a small one, mounted for the test alone."""

import pytest

FILL = """
os.chdir(sys.argv[1])
warnings.simplefilter("ignore")
FULL = "disk is full; nothing of this call was stored"

def fill():
    with open("filler", "ab", buffering=0) as filler:
        try:
            while filler.write(bytes(4096)) == 4096:
                pass
        except OSError:
            pass

def refused(action, what=FULL):
    try:
        action()
    except DatabaseError as error:
        assert what in str(error), error
        return
    raise AssertionError("it was not refused")

def room_again():
    os.unlink("filler")
"""

EVERYTHING_IN_IT = """
logged = [0, 1]
tracker = Tracker("track.db", engine=sys.argv[2], jsonl="a.jsonl")
tracker.log({"n": 0})
tracker.log({"n": 1, "thing": Thing(9)})
query = lambda: tracker.conn.execute("SELECT count(*) FROM db.events").fetchone()
assert query() == (2,)
for number in range(10, 40, 10):
    fill()
    refused(lambda: [tracker.log({"n": -1, "text": "x" * 90_000}) for _ in range(9)])
    refused(lambda: tracker.log({"n": -1, "thing": Thing(90_000)}))
    refused(lambda: tracker.log_batch([{"n": -1, "text": "x" * 9000}] * 20))
    refused(lambda: tracker.set_value("text", "x" * 200_000))
    refused(lambda: Tracker("another.db").log({"n": -1}))
    refused(lambda: xetrack.copy("track.db", "copy.db"))
    assert query() == (len(logged),)
    room_again()
    tracker.log({"n": number, "thing": Thing(9000)})
    logged.append(number)
    assert query() == (len(logged),)
fill()
try:
    tracker.close()
except DatabaseError as error:
    assert "disk is full" in str(error)
room_again()
assert xetrack.copy("track.db", "copy.db") == len(logged)
for db in ("track.db", "copy.db"):
    with Reader(db) as reader:
        rows = reader.to_dicts()
        assert [row["n"] for row in rows] == logged
        assert all(reader.assets.get(row["thing"]) for row in rows[1:])
        assert reader.conn.execute("PRAGMA db.integrity_check").fetchone() == ("ok",)
lines = [json.loads(line)["n"] for line in open("a.jsonl") if line.strip()]
assert lines == logged and not tracker.losses
"""

ALL_BUT_THE_DATABASE = """
tracker = Tracker(sys.argv[2], jsonl="a.jsonl", logs_path="logs", cache="cache", assets="assets")
tracker.log({"n": 0, "thing": Thing(9)})
tracker.track(work, 1)
fill()
for number in range(1, 30):
    tracker.log({"n": number, "text": "x" * 500})
lost = dict(tracker.losses)
assert 20 < lost["jsonl"] < 30 and 20 < lost["logs"] < 30, lost
refused(lambda: tracker.log({"n": -1, "thing": Thing(9000)}), f"{os.getcwd()}/assets")
assert tracker.track(work, 1) == "y" and tracker.latest["cache"] == tracker.track_id
assert [len(tracker.track(work, 90_000)) for _ in range(2)] == [90_000] * 2 and tracker.latest["cache"] == ""
refused(lambda: Tracker("track.db", cache="another"), "its disk has room")
lost = dict(tracker.losses)
room_again()
tracker.log({"n": 30, "thing": Thing(9000)})
assert [len(tracker.track(work, 90_000)) for _ in range(2)] == [90_000] * 2
assert tracker.latest["cache"] == tracker.track_id
tracker.close()
assert tracker.losses == lost
with Reader(sys.argv[2]) as reader:
    rows = reader.to_dicts()
    assert [row["n"] for row in rows if row.get("n") is not None] == list(range(31))
    assert all(reader.assets.get(row["thing"]) for row in rows if row.get("thing"))
lines = [json.loads(line) for line in open("a.jsonl") if line.strip()]
assert len(lines) + lost["jsonl"] == len(rows)
"""

READ_ONLY = """
child = os.fork()
if not child:
    os.chdir(sys.argv[1])
    with Tracker("track.db", assets="assets", cache="cache") as tracker:
        tracker.log({"n": 0, "thing": Thing(9)})
        tracker.track(work, 1)
    Tracker("killed.db").log({"n": 0})
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert os.system(f"mount -o remount,ro {sys.argv[1]}") == 0
os.chdir(sys.argv[1])

def refused(action):
    try:
        action()
    except DatabaseReadOnlyError as error:
        assert os.getcwd() in str(error), error
        return
    raise AssertionError("it was not refused")

for db in ("track.db", "killed.db", "new.db", "new/folder/track.db"):
    refused(lambda: Tracker(db))
for engine in ("sqlite", "duckdb"):
    for db in ("track.db", "killed.db"):
        with Reader(db, engine=engine) as reader:
            assert reader.to_dicts()[0]["n"] == 0
            assert reader.conn.execute("SELECT n FROM db.events").fetchone() == (0,)
with Reader("track.db") as reader:
    assert reader.assets.get(reader.to_dicts()[0]["thing"])
    refused(lambda: reader.delete_run(reader.to_dicts()[0]["track_id"]))
assert len(list(Reader.scan_cache("cache"))) == 1
refused(lambda: Tracker(":memory:", cache="cache"))
refused(lambda: Tracker(":memory:", cache="new"))
for place in ({"assets": "assets"}, {"jsonl": "a.jsonl"}, {"logs_path": "logs"}):
    refused(lambda: Tracker(sys.argv[2], **place))
assert xetrack.copy("track.db", sys.argv[2]) == 2
refused(lambda: xetrack.copy(sys.argv[2], "track.db"))
"""


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_a_full_disk_refuses_and_the_tracker_goes_on_when_there_is_room(on_small_disk, engine):
    on_small_disk(FILL + EVERYTHING_IN_IT, engine)


def test_what_lies_beside_the_database_may_have_no_room(on_small_disk, tmp_path):
    on_small_disk(FILL + ALL_BUT_THE_DATABASE, tmp_path / "track.db")


def test_a_disk_that_cannot_be_written_can_be_read(on_small_disk, tmp_path):
    on_small_disk(READ_ONLY, tmp_path / "track.db")
