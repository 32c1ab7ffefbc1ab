"""`xetrack.copy`: merge one database into another, any number of times."""

import math
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

import xetrack
from xetrack import Reader, Tracker, XetrackError
from xetrack.errors import DatabaseNotFoundError, NotADatabaseError, PluginNotInstalledError, TableNotFoundError


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source.db"
    for number in range(2):
        with Tracker(path, {"model": f"m{number}"}, track_id=f"run{number}") as tracker:
            tracker.log({"x": number, "sizes": [1, 2], "ok": True})
            tracker.log({"x": 0.5, "order": "b", "nan": math.nan, "none": None, "raw": b"\0"})
    with Tracker(path, table="other", track_id="run0") as tracker:
        tracker.log({"y": 1})
    return path


@pytest.fixture
def target(tmp_path):
    return tmp_path / "folder" / "target.db"


def contents(path, table="events"):
    """Rows without what they do not have, as text: NaN is NaN, True is not 1."""
    return [
        repr(sorted((key, value) for key, value in row.items() if value is not None))
        for row in Reader(path, table=table)
    ]


def test_a_copy_has_every_row_of_every_table_as_it_was(source, target):
    before = source.read_bytes()

    assert xetrack.copy(source, target) == 5

    for table in ("events", "other"):
        assert contents(target, table) == contents(source, table)
    assert Reader(target).dtypes == {key: kind for key, kind in Reader(source).dtypes.items() if key != "none"}
    assert source.read_bytes() == before


def test_a_copy_has_the_record_of_every_run(source, target):
    xetrack.copy(source, target)

    for table in ("events", "other"):
        copied, original = Reader(target, table=table).runs(), Reader(source, table=table).runs()
        assert repr(copied.to_dict("list")) == repr(original.to_dict("list"))  # where NaN is NaN
        assert set(copied["status"]) == {"finished"}


def test_copying_twice_copies_nothing_more(source, target):
    xetrack.copy(source, target)
    once = contents(target)

    assert xetrack.copy(source, target) == 0
    assert contents(target) == once


def test_a_copy_takes_only_what_is_new(source, target):
    xetrack.copy(source, target)
    Tracker(source, track_id="run1").log({"x": 9})
    Tracker(source).log({"x": 10})

    assert xetrack.copy(source, target) == 2
    assert sorted(contents(target)) == sorted(contents(source))


def test_a_copy_merges_into_what_is_there(source, target):
    with Tracker(target, track_id="mine") as tracker:
        tracker.log({"z": 1})

    assert xetrack.copy(source, target) == 5
    assert len(Reader(target)) == 5
    assert len(Reader(target).to_df("mine")) == 1
    assert set(Reader(target).runs()["track_id"]) == {"mine", "run0", "run1"}


def test_a_row_that_is_there_already_is_left_as_it_is(source, target):
    xetrack.copy(source, target)
    Reader(target).set_value("x", "changed", track_id="run0")

    xetrack.copy(source, target)

    assert Reader(target).to_df("run0")["x"].tolist() == ["changed"] * 2


def test_files_copied_to_and_fro_come_to_hold_the_same(source, target):
    Tracker(target, track_id="mine").log({"z": 1})

    xetrack.copy(source, target)
    xetrack.copy(target, source)

    assert sorted(contents(source)) == sorted(contents(target))
    assert xetrack.copy(source, target) == 0


@pytest.mark.parametrize(("tables", "new"), [(["other"], 1), (["events"], 4), (("events", "other"), 5), ([], 0)])
def test_tables_are_chosen(source, target, tables, new):
    assert xetrack.copy(source, target, tables=tables) == new
    if tables:
        with Reader(target, table=None) as reader:
            assert reader.engine.tables() == sorted(tables)


def test_default_is_a_name_of_the_table_of_events(source, target):
    assert xetrack.copy(source, target, tables=["default"]) == 4
    assert contents(target) == contents(source)


def test_a_table_that_does_not_exist_is_refused_naming_those_that_do(source, target):
    with pytest.raises(TableNotFoundError, match=r"'nope'.*events, other"):
        xetrack.copy(source, target, tables=["events", "nope"])

    assert not target.exists()


@pytest.mark.parametrize("link", ["same", "symlink", "hard link", "other spelling"])
def test_a_file_is_not_copied_into_itself(source, tmp_path, link):
    target = {"same": source, "other spelling": tmp_path / "x" / ".." / "source.db"}.get(link, tmp_path / "link.db")
    (tmp_path / "x").mkdir()
    if link == "symlink":
        target.symlink_to(source)
    if link == "hard link":
        os.link(source, target)

    with pytest.raises(XetrackError, match="itself"):
        xetrack.copy(source, target)


def test_a_missing_source_is_an_error_and_no_target_is_made(tmp_path, target):
    with pytest.raises(DatabaseNotFoundError, match=r"nope\.db"):
        xetrack.copy(tmp_path / "nope.db", target)

    assert not target.parent.exists()


def test_a_target_that_is_no_database_stays_as_it_is(source, tmp_path):
    (tmp_path / "notes.txt").write_text("these are notes and no database at all")

    with pytest.raises(NotADatabaseError):
        xetrack.copy(source, tmp_path / "notes.txt")

    assert (tmp_path / "notes.txt").read_text() == "these are notes and no database at all"


def test_progress_is_told_in_rows_up_to_all_of_them(tmp_path, target):
    Tracker(tmp_path / "big.db").log_batch([{"x": number} for number in range(25_000)])
    told = []

    assert xetrack.copy(tmp_path / "big.db", target, progress=lambda done, total: told.append((done, total))) == 25_000

    assert [total for _, total in told] == [25_000] * len(told)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert len(told) > 1
    assert told[-1] == (25_000, 25_000)
    assert Reader(target)["x"].tolist() == list(range(25_000))


def test_an_empty_source_copies_nothing(tmp_path, target):
    Tracker(tmp_path / "a.db").log({"x": 1})
    Reader(tmp_path / "a.db").delete_run(Reader(tmp_path / "a.db").latest()["track_id"][0])

    assert xetrack.copy(tmp_path / "a.db", target) == 0


def test_a_run_that_goes_on_is_copied_again_when_it_ended(tmp_path, target):
    with Tracker(tmp_path / "a.db") as tracker:
        tracker.log({"x": 1})
        xetrack.copy(tmp_path / "a.db", target)
        assert Reader(target).runs()["status"].tolist() == ["running"]
        tracker.log({"x": 2})

    assert xetrack.copy(tmp_path / "a.db", target) == 1
    assert Reader(target).runs()["status"].tolist() == ["finished"]
    assert Reader(target).runs()["rows"].tolist() == [2]


def test_a_crashed_run_is_copied_as_it_is_stored(tmp_path, target):
    child = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os, xetrack; t = xetrack.Tracker('a.db', track_id='a'); t.log({'x': 1}); os._exit(1)",
        ],
        cwd=tmp_path,
        check=False,
    )
    assert child.returncode == 1

    for _ in range(2):
        xetrack.copy(tmp_path / "a.db", target)
        assert Reader(target).runs()["status"].tolist() == ["crashed"]
        with closing(sqlite3.connect(target)) as stored:
            assert stored.execute("SELECT status FROM xetrack_runs").fetchall() == [("running",)]
    with Tracker(tmp_path / "a.db", track_id="a") as tracker:
        tracker.log({"x": 2})
    xetrack.copy(tmp_path / "a.db", target)
    assert Reader(target).runs()["status"].tolist() == ["finished"]


def test_a_writer_at_work_is_no_hindrance(source, target):
    with Tracker(source, track_id="busy") as tracker:
        tracker.log({"x": 1})
        assert xetrack.copy(source, target) == 6


def test_somebody_elses_tables_are_left_alone(source, target):
    connection = sqlite3.connect(source)
    connection.execute("CREATE TABLE people (name TEXT)")
    connection.commit()
    connection.close()

    xetrack.copy(source, target)

    connection = sqlite3.connect(target)
    assert connection.execute("SELECT * FROM sqlite_master WHERE name = 'people'").fetchall() == []
    connection.close()
    with pytest.raises(XetrackError, match="people"):
        xetrack.copy(source, target, tables=["people"])


def test_the_hint_for_assets_comes_in_a_process_without_plugins(source, target):
    connection = sqlite3.connect(source)
    connection.execute("CREATE TABLE counts (key TEXT PRIMARY KEY, value BLOB)")
    connection.execute("INSERT INTO counts VALUES ('k', x'00')")
    connection.commit()
    connection.close()
    code = "import sys, xetrack; xetrack.copy(sys.argv[1], sys.argv[2], assets=sys.argv[3] == 'True')"

    def copy(assets):
        alone = f"from xetrack._plugins import registry; registry.installed = tuple; {code}"
        command = [sys.executable, "-c", alone, source, target, str(assets)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    refused = copy(assets=True)
    assert PluginNotInstalledError.__name__ in refused.stderr
    assert "pip install xetrack-assets" in refused.stderr
    assert not target.exists()
    assert copy(assets=False).stderr == ""
    assert len(Reader(target)) == 4
