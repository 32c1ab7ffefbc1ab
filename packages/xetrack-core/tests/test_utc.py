"""Each row's instant is known, whatever zone its process was in. Zones are POSIX texts, which need no tzdata."""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from xetrack import Reader, Tracker, copy
from xetrack._util.clock import Clock
from xetrack._util.offsets import load_offsets, merge_offsets, possible_offsets, to_utc
from xetrack.errors import OptionError, XetrackWarning
from xetrack.plugin import run_seconds, run_utc
from xetrack_testing.seeds import logged_seed

DATA = Path(__file__).parent / "data"
BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
TOKYO = "JST-9"
NEW_YORK = "EST5EDT,M3.2.0,M11.1.0"
INDIA = "IST-5:30"

pytestmark = pytest.mark.skipif(not hasattr(time, "tzset"), reason="zones change with time.tzset")


class World:
    """A clock and a zone that a test sets."""

    def __init__(self, monkeypatch):
        self._patch = monkeypatch
        self.now = datetime(2026, 6, 1, tzinfo=UTC)

    def move(self, zone):
        self._patch.setenv("TZ", zone)
        time.tzset()

    def at(self, text):
        self.now = datetime.fromisoformat(text).replace(tzinfo=UTC)

    def nanoseconds(self):
        return (self.now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000

    def tracker(self, db, **options):
        tracker = Tracker(str(db), warnings=False, **options)
        tracker._run._clock = Clock(self.nanoseconds)
        return tracker

    def log(self, tracker, **event):
        """Log a row that says when it was logged."""
        tracker.log({"real": self.text(), **event})

    def text(self):
        return self.now.replace(tzinfo=None).isoformat(" ", "microseconds")


@pytest.fixture
def world(monkeypatch):
    with monkeypatch.context() as patch:
        yield World(patch)
    time.tzset()


def told(db, **options):
    """Return what UTC the reader computes, and what it was."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with Reader(str(db), utc=True, **options) as reader:
            return [row["timestamp"] for row in reader.to_dicts()], [row["real"] for row in reader.to_dicts()]


def check(db, **options):
    found, real = told(db, **options)
    assert found == real
    return found


# Rows


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
@pytest.mark.parametrize(
    "change", ["2026-03-29 01:00:00", "2026-10-25 01:00:00"], ids=["clocks go forward", "clocks go back"]
)
def test_rows_across_a_change_of_daylight_saving_have_their_instants(tmp_path, world, change, engine):
    if engine == "duckdb":
        pytest.importorskip("xetrack_duckdb")
    world.move(BERLIN)
    world.at(change)
    world.now -= timedelta(hours=2, microseconds=-7)
    with world.tracker(tmp_path / "a.db", engine=engine) as tracker:
        for _ in range(40):
            world.log(tracker)
            world.now += timedelta(minutes=6, microseconds=1)
        (offsets,) = {run.offsets for run in tracker.engine.runs("events")}

    assert len(check(tmp_path / "a.db", engine=engine)) == 40
    assert [offset for _, offset in offsets] in ([3600, 7200], [7200, 3600])


def test_an_hour_that_comes_twice_is_told_apart_also_in_a_part_of_the_rows(tmp_path, world):
    world.move(BERLIN)
    world.at("2026-10-25 00:10:00")
    with world.tracker(tmp_path / "a.db") as tracker:
        for _ in range(4):  # 02:10 and 02:40, twice: the second 02:10 is moved by a microsecond
            world.log(tracker)
            world.now += timedelta(minutes=30)
    local = [row["timestamp"][11:16] for row in Reader(str(tmp_path / "a.db"))]
    assert local == ["02:10", "02:40", "02:10", "02:40"]

    with Reader(str(tmp_path / "a.db"), utc=True) as reader:
        whole = [row["timestamp"][:19] for row in reader]
        assert whole == [row["real"][:19] for row in reader]
        for number in range(4):
            assert reader[number]["timestamp"][:19] == whole[number]
        assert reader.tail(1)["timestamp"][0][:19] == whole[-1]
        assert reader.latest()["timestamp"].str[:19].tolist() == whole
        (run,) = reader.list_runs()
        assert [run[key][:19] for key in ("started", "ended", "first", "last")] == [
            whole[0], "2026-10-25 02:10:00", whole[0], whole[-1],
        ]  # fmt: skip
        assert run_seconds(run) == 7200


@pytest.mark.parametrize("way", ["log", "log_batch"])
def test_a_run_that_travels_has_its_instants(tmp_path, world, way):
    with world.tracker(tmp_path / "a.db") as tracker:
        for zone in (TOKYO, NEW_YORK, INDIA, TOKYO, BERLIN):
            world.move(zone)
            for _ in range(5):
                world.now += timedelta(hours=1, seconds=1)
                if way == "log":
                    world.log(tracker)
                else:
                    tracker.log_batch([{"real": world.text()}])

    assert len(check(tmp_path / "a.db")) == 25


def test_a_batch_across_a_change_has_its_instants(tmp_path, world):
    world.move(BERLIN)
    world.at("2026-10-24 00:00:00")
    with world.tracker(tmp_path / "a.db") as tracker:
        world.log(tracker)
        world.at("2026-10-25 00:59:59.999997")
        rows = [{"real": (world.now + timedelta(microseconds=n)).replace(tzinfo=None).isoformat(" ", "microseconds")}
                for n in range(6)]  # fmt: skip
        tracker.log_batch(rows)

    check(tmp_path / "a.db")


def test_random_journeys_have_their_instants(tmp_path, world, request):
    chance = random.Random(logged_seed(request.node.nodeid))
    zones = [BERLIN, TOKYO, NEW_YORK, INDIA, "UTC0", "<+1245>-12:45"]
    for journey in range(10):
        world.at(chance.choice(["2026-03-28 20:00:00", "2026-10-24 20:00:00", "2026-11-01 03:00:00"]))
        world.now += timedelta(microseconds=chance.randrange(10**9))
        path = tmp_path / f"{journey}.db"
        world.move(chance.choice(zones))
        with world.tracker(path, track_id="one") as tracker:
            for _ in range(60):
                world.now += timedelta(microseconds=1 + chance.randrange(3 * 10**9))
                world.log(tracker)
                if chance.random() < 0.05:
                    world.move(chance.choice(zones))
        found = check(path)
        with Reader(str(path), utc=True) as reader:
            (run,) = reader.list_runs()
        assert (run["started"], run["first"], run["last"]) == (found[0], found[0], found[-1])


_CHILD = """
import sys, time
from datetime import datetime, UTC
from xetrack import Tracker
db, run, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Tracker(db, track_id=run, warnings=False) as tracker:
    for _ in range(rows):
        tracker.log({"real": datetime.now(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")})
"""


def test_processes_in_two_zones_share_a_file(tmp_path):
    children = [
        subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(tmp_path / "a.db"), name, "30"], env={**os.environ, "TZ": zone}
        )
        for name, zone in (("tokyo", TOKYO), ("york", NEW_YORK))
    ]
    assert [child.wait(60) for child in children] == [0, 0]

    found, real = told(tmp_path / "a.db")

    assert len(found) == 60
    gaps = [(datetime.fromisoformat(a) - datetime.fromisoformat(b)).total_seconds()
            for a, b in zip(found, real, strict=True)]  # fmt: skip
    assert all(0 <= gap < 60 for gap in gaps)
    with Reader(str(tmp_path / "a.db")) as reader:
        runs = {run["track_id"]: run for run in reader.list_runs()}
        assert {run: each["utc_offsets"][0][1] for run, each in runs.items()} == {"tokyo": 32400, "york": -18000}
        assert all(abs((datetime.fromisoformat(run_utc(run, "started")) - datetime.now(UTC).replace(tzinfo=None))
                       .total_seconds()) < 300 for run in runs.values())  # fmt: skip


def test_a_resumed_run_keeps_the_offsets_it_had(tmp_path, world):
    for zone in (TOKYO, NEW_YORK, NEW_YORK):
        world.move(zone)
        with world.tracker(tmp_path / "a.db", track_id="one") as tracker:
            world.log(tracker)
            world.now += timedelta(hours=3)

    check(tmp_path / "a.db")
    with Reader(str(tmp_path / "a.db")) as reader:
        (run,) = reader.list_runs()
    assert [offset for _, offset in run["utc_offsets"]] == [32400, -14400]


def test_a_new_offset_is_stored_with_the_first_row_that_has_it(tmp_path, world):
    world.move(TOKYO)
    tracker = world.tracker(tmp_path / "a.db")
    world.log(tracker)
    world.move(NEW_YORK)
    world.now += timedelta(hours=1)
    world.log(tracker)

    with sqlite3.connect(tmp_path / "a.db") as connection:  # as after a crash: the tracker has not been closed
        ((text, last),) = connection.execute("SELECT offsets, (SELECT max(timestamp) FROM events) FROM xetrack_runs")
    assert [offset for _, offset in json.loads(text)] == [32400, -14400]
    assert json.loads(text)[0][0] == last  # Tokyo's local time is the later text
    check(tmp_path / "a.db")
    tracker.close()


def test_an_offset_that_could_not_be_stored_is_stored_with_the_next_row(tmp_path, world, monkeypatch):
    world.move(TOKYO)
    with world.tracker(tmp_path / "a.db") as tracker:
        world.log(tracker)
        world.move(NEW_YORK)
        world.now += timedelta(hours=1)
        calls = []

        def refuse(_run):
            calls.append(1)
            raise OSError("disk full")

        with monkeypatch.context() as patch:
            patch.setattr(tracker.engine, "save_run", refuse)
            with pytest.raises(OSError, match="disk full"):
                tracker.log({"real": world.text()})
        assert calls
        world.now += timedelta(seconds=1)
        world.log(tracker)

    assert len(check(tmp_path / "a.db")) == 2


def test_a_run_that_ends_in_another_zone_has_its_end(tmp_path, world):
    world.move(TOKYO)
    with world.tracker(tmp_path / "a.db") as tracker:
        world.log(tracker)
        world.move(NEW_YORK)
        world.now += timedelta(hours=1)
    with Reader(str(tmp_path / "a.db"), utc=True) as reader:
        (run,) = reader.list_runs()
    assert run["ended"] == world.text()
    with Reader(str(tmp_path / "a.db")) as reader:
        (run,) = reader.list_runs()
    assert run_seconds(run) == 3600


# Copies and old files


def test_a_copy_has_the_offsets_too(tmp_path, world):
    world.move(TOKYO)
    tracker = world.tracker(tmp_path / "a.db")
    world.log(tracker)
    copy(tmp_path / "a.db", tmp_path / "b.db")
    check(tmp_path / "b.db")
    world.move(NEW_YORK)
    world.now += timedelta(hours=1)
    world.log(tracker)  # the run is still running, as in the first copy
    copy(tmp_path / "a.db", tmp_path / "b.db")
    check(tmp_path / "b.db")
    tracker.close()
    copy(tmp_path / "a.db", tmp_path / "b.db")
    assert len(check(tmp_path / "b.db")) == 2
    with Reader(str(tmp_path / "a.db")) as here, Reader(str(tmp_path / "b.db")) as there:
        assert here.list_runs() == there.list_runs()


def test_runs_of_older_versions_stay_local_with_one_warning(tmp_path):
    shutil.copy(DATA / "xetrack-0.7.db", tmp_path / "old.db")
    with Reader(str(tmp_path / "old.db")) as reader:
        local = [row["timestamp"] for row in reader]

    with Reader(str(tmp_path / "old.db"), utc=True) as reader:
        with pytest.warns(XetrackWarning, match="no record of UTC offsets: amethyst-hummingbird-3884, humble") as found:
            assert [row["timestamp"] for row in reader] == local
        assert len(found) == 1
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert {run["utc_offsets"] for run in map(dict, reader.list_runs())} == {None}


def _without_offsets(path):
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE xetrack_runs DROP COLUMN offsets")
    connection.close()


def test_a_file_without_the_column_is_read_and_gets_it_with_the_first_write(tmp_path, world):
    world.move(TOKYO)
    path = tmp_path / "a.db"
    with world.tracker(path, track_id="before") as tracker:
        world.log(tracker)
    _without_offsets(path)

    with Reader(str(path)) as reader:
        assert [(run["status"], run["utc_offsets"]) for run in reader.list_runs()] == [("finished", None)]
    with Reader(str(path), utc=True) as reader, pytest.warns(XetrackWarning, match="1 run has no record .*: before"):
        reader.to_dicts()
    world.now += timedelta(hours=1)
    with world.tracker(path, track_id="after") as tracker:
        world.log(tracker)
    with Reader(str(path)) as reader:
        assert {run["track_id"]: run["utc_offsets"] is None for run in reader.list_runs()} == {
            "before": True,
            "after": False,
        }


def test_damaged_offsets_count_as_unknown(tmp_path, world):
    with world.tracker(tmp_path / "a.db") as tracker:
        world.log(tracker)
    for text in ("{", "3", "[1]", '[["x", 1]]', '[["2026-01-01 00:00:00.000000", "x"]]', "null"):
        assert load_offsets(text) == ()
        with sqlite3.connect(tmp_path / "a.db") as connection:
            connection.execute("UPDATE xetrack_runs SET offsets = ?", (text,))
        connection.close()
        with Reader(str(tmp_path / "a.db"), utc=True) as reader, pytest.warns(XetrackWarning, match="UTC offsets"):
            reader.to_dicts()


# Filters and options


def test_filters_compare_times_of_several_zones_as_instants(tmp_path, world):
    for name, zone, at in (("tokyo", TOKYO, "2026-06-01 00:00:00"), ("york", NEW_YORK, "2026-06-01 01:00:00")):
        world.move(zone)
        world.at(at)
        with world.tracker(tmp_path / "a.db", track_id=name) as tracker:
            world.log(tracker, x=1)
    world.move(BERLIN)
    with Reader(str(tmp_path / "a.db")) as reader:
        assert [run["started"][:16] for run in reader.list_runs()] == ["2026-05-31 21:00", "2026-06-01 09:00"]
        found = [run["track_id"] for run in reader.list_runs("started >= '2026-06-01 02:30'")]
        assert found == ["york"]  # 03:00 in Berlin
    with Reader(str(tmp_path / "a.db"), utc=True) as reader:
        assert [run["track_id"] for run in reader.list_runs("started >= '2026-06-01 00:30'")] == ["york"]
        for where in ("duration <= 1s", "max(x) >= 1"):
            assert len(reader.list_runs(where)) == 2


def test_the_age_of_a_run_does_not_depend_on_its_zone(tmp_path, world):
    world.now = datetime.now(UTC) - timedelta(minutes=10)
    for name, zone in (("tokyo", TOKYO), ("york", NEW_YORK)):
        world.move(zone)
        with world.tracker(tmp_path / "a.db", track_id=name) as tracker:
            world.log(tracker)
    world.move(INDIA)
    for utc in (False, True):
        with Reader(str(tmp_path / "a.db"), utc=utc) as reader:
            assert len(reader.list_runs("age > 9m and age < 59m")) == 2


def test_utc_is_a_flag(tmp_path):
    with pytest.raises(OptionError, match="utc"):
        Reader(str(tmp_path / "a.db"), utc="yes")


# Pieces


def test_offsets_merge_in_order_of_time_without_repetition():
    tokyo, york = ("2026-06-01 09:00:00.000000", 32400), ("2026-05-31 21:00:00.000000", -14400)
    again = ("2026-05-31 22:00:00.000000", -14400)
    assert merge_offsets((), (york, tokyo)) == (tokyo, york)
    assert merge_offsets((tokyo, york), (again,)) == (tokyo, york)
    assert merge_offsets((tokyo,), ()) == (tokyo,)
    assert load_offsets(json.dumps([tokyo, york])) == (tokyo, york)
    assert load_offsets(None) == ()


def test_a_local_time_may_have_several_offsets():
    offsets = (("2026-10-25 00:00:00.000000", 7200), ("2026-10-25 02:00:00.000000", 3600))
    assert possible_offsets(offsets, "2026-10-25 01:59:59.000000") == [7200]
    assert possible_offsets(offsets, "2026-10-25 02:30:00.000000") == [7200, 3600]
    assert possible_offsets(offsets, "2026-10-25 03:00:00.000000") == [3600]
    assert to_utc("no time", 3600) is None
