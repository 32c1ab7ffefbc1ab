"""Any name that the system takes for a file will do: for the database, and for all that lies beside it."""

import os
import sys
from pathlib import Path

import pytest

from xetrack import Reader, Tracker, copy
from xetrack.errors import OptionError

NAMES = [
    "with a space",
    " .trailing. ",
    "ünï😀日本",
    "#hash?query%20&amp;semi",
    'it\'s "quoted"',
    "new\nline\ttab",
    "~tilde",
    "-dash",
    "percent%s{brace}[a]*",
    "mode=ro&immutable=1",
    "back\\slash:colon",
    "l" * 200,
]

needs_posix = pytest.mark.skipif(os.name == "nt", reason="most of these names are none there")


class Thing:
    def __init__(self, n):
        self.n = n


def work(x):
    return x + 1


@pytest.fixture(params=["sqlite", "duckdb"])
def engine(request):
    return request.param


def fill(db, folder, engine="sqlite"):
    """Log a row with an object and two calls, with everything that a tracker can keep beside its rows."""
    places = {name: folder / name for name in ("assets", "cache", "logs_path")}
    with Tracker(db, engine=engine, jsonl=folder / "a.jsonl", **places) as tracker:
        tracker.log({"n": 1, "thing": Thing(7)})
        assert [tracker.track(work, 1), tracker.track(work, 1)] == [2, 2]
        assert tracker.latest["cache"] == tracker.track_id
        assert tracker.losses == {}


def check(db, folder, engine="sqlite"):
    with Reader(db, engine=engine) as reader:
        rows = reader.to_dicts()
        assert [row.get("n") for row in rows] == [1, None, None]
        assert reader.assets.get(rows[0]["thing"]).n == 7
        assert reader.conn.execute("SELECT count(*) FROM db.events").fetchone() == (3,)
    assert len(Reader.read_jsonl(folder / "a.jsonl")) == len(Reader.read_logs(folder / "logs_path")) == 3
    assert len(list(Reader.scan_cache(folder / "cache"))) == 1


@needs_posix
@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_everything_is_kept_under_any_name(tmp_path, name, engine):
    folder = tmp_path / name
    db = folder / f"{name}.db"

    fill(db, folder, engine)
    check(db, folder, engine)
    assert copy(db, folder / f"{name} 2") == 3

    assert {path.name for path in folder.iterdir()} == {
        *("assets", "cache", "logs_path", "a.jsonl"),
        *(f"{name}.db", f"{name} 2"),
    }
    assert [path.name for path in tmp_path.iterdir()] == [name]  # and nothing elsewhere


@needs_posix
def test_xt_takes_any_name(tmp_path, monkeypatch, capfd):
    from xetrack_cli.main import run

    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        path = f"./{name}.db" if name.startswith(("-", "~")) else f"{name}.db"
        with Tracker(path) as tracker:
            tracker.log({"n": 1})
        assert run(["ls", path]) == 0
        assert run(["export", path, f"{path}.csv"]) == 0
        assert run(["copy", path, f"{path}.2"]) == 0
        assert len(Reader(f"{path}.2")) == 1
    assert capfd.readouterr().err == ""


def test_a_path_is_that_of_when_the_tracker_was_made(tmp_path, monkeypatch):
    first, second = tmp_path / "first", tmp_path / "second"
    for each in (first, second):
        each.mkdir()
    monkeypatch.chdir(first)
    with Tracker("track.db", jsonl="a.jsonl", logs_path="logs_path", cache="cache", assets="assets") as tracker:
        monkeypatch.chdir(second)
        tracker.log({"n": 1, "thing": Thing(7)})
        assert [tracker.track(work, 1), tracker.track(work, 1)] == [2, 2]
    assert list(second.iterdir()) == []
    check(first / "track.db", first)


@pytest.mark.skipif(sys.platform == "win32", reason="HOME is no variable there")
def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    fill("~/new/track.db", Path("~/new"))
    check("~/new/track.db", Path("~/new"))
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


@pytest.mark.parametrize("option", ["db", "jsonl", "logs_path", "cache", "assets"])
def test_a_name_that_is_too_long_is_refused_at_once(tmp_path, option):
    with pytest.raises(OptionError, match="too long"):
        Tracker(**{"db": tmp_path / "track.db", option: tmp_path / ("x" * 5000)})
    with pytest.raises(OptionError, match="too long"):
        Reader(tmp_path / ("x" * 5000))
