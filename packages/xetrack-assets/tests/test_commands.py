"""`xt assets`. The terminal of xt is stood in for here; tests/test_xt.py of the workspace has the real one."""

from pathlib import Path

import cloudpickle
import numpy as np
import pytest
import typer

from xetrack import Reader, Tracker, XetrackError
from xetrack.errors import OptionError
from xetrack.plugin import Context
from xetrack_assets.commands import commands


class Told:
    """What commands showed."""

    def __init__(self):
        self.rows, self.style, self.lines = [], None, []

    def arguments(self, words, *names):
        assert len(words or ()) == len(names) + 1
        return list(words)

    def show(self, rows, columns=(), style=""):
        self.rows, self.style = [{key: row[key] for key in columns} for row in rows], style

    def tell(self, text):
        self.lines.append(text)


@pytest.fixture
def xt():
    def run(*words):
        told = Told()
        command = typer.main.get_command(commands(Context("", terminal=told)))
        command([str(word) for word in words], standalone_mode=False)
        return told

    return run


class Harmful:
    """Loading it is noticed."""

    def __reduce__(self):
        return pytest.fail, ("an object was loaded",)


@pytest.fixture
def logged(tracker):
    """A database with an array that is used twice, and an object that must not be loaded."""
    array = tracker.log({"array": np.arange(10.0)})["array"]
    tracker.log({"array": np.arange(10.0)})
    harmful = tracker.log({"harmful": Harmful()})["harmful"]
    tracker.close()
    return tracker.db, array, harmful


def test_ls_tells_of_objects_without_loading_them(xt, logged):
    db, array, harmful = logged
    told = xt("ls", db, "--json")
    assert [(row["hash"], row["serializer"], row["uses"]) for row in told.rows] == [
        (array, "npy", 2),
        (harmful, "cloudpickle", 1),
    ]
    assert told.rows[0]["size"] == 128 + 80
    assert told.style == "json"


def test_ls_of_what_no_row_names(xt, logged, track):
    db, _, _ = logged
    kept = track().assets.insert([b"kept for later"])
    assert [row["hash"] for row in xt("ls", db, "--unused").rows] == [kept]


def test_ls_shows_the_names_that_an_object_was_logged_or_stored_under(tmp_path, xt):
    db = tmp_path / "names.db"
    first, second = np.arange(3), np.arange(4)
    with Tracker(db) as tracker:
        old = tracker.log({"model": first})["model"]
        tracker.log({"best": first, "layers": {"a": [1, old]}})
        new = tracker.log({"model": second})["model"]  # the store's own name for it now
        stored = tracker.assets.insert(np.arange(5), "spare")
        nameless = tracker.assets.insert(np.arange(6))
    with Tracker(db, table="other") as tracker:
        tracker.log({"copy": old})

    names = {row["hash"]: row["names"] for row in xt("ls", db, "--json").rows}
    assert names[old] == ["best", "copy", "layers", "model"]
    assert (names[new], names[stored], names[nameless]) == (["model"], ["spare"], [])
    told = xt("ls", db)
    assert list(told.rows[0])[:2] == ["hash", "names"]
    assert {row["hash"]: row["names"] for row in told.rows}[old] == "best, copy, layers, model"
    assert {row["names"] for row in xt("ls", db, "--unused").rows} == {"spare", ""}


def test_export_writes_the_bytes_as_they_are(xt, logged, tmp_path):
    db, array, harmful = logged
    told = xt("export", db, array, tmp_path / "out.npy")
    assert told.lines == [f"208 bytes, made by npy, written to {tmp_path / 'out.npy'}"]
    assert np.load(tmp_path / "out.npy").tolist() == list(range(10))
    xt("export", db, harmful, tmp_path / "out.pickle")
    assert (tmp_path / "out.pickle").read_bytes() == b"".join(Reader(db).assets.raw(harmful).pieces)


def test_an_exported_object_loads_with_cloudpickle(xt, tracker, tmp_path):
    key = tracker.log({"function": lambda number: number + 1})["function"]
    tracker.close()
    xt("export", tracker.db, key, tmp_path / "model.cloudpickle")
    assert cloudpickle.loads((tmp_path / "model.cloudpickle").read_bytes())(1) == 2


def test_export_replaces_a_file_but_never_the_database(xt, logged, tmp_path):
    db, array, _ = logged
    (tmp_path / "out.npy").write_text("as it was")
    xt("export", db, array, tmp_path / "out.npy")
    assert np.load(tmp_path / "out.npy")[1] == 1
    with pytest.raises(OptionError, match="is the database itself"):
        xt("export", db, array, db)
    with pytest.raises(OptionError, match="is a folder"):
        xt("export", db, array, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


@pytest.mark.parametrize("words", [["export", "DB", "0123456789abcdef", "out"], ["delete", "DB", "0123456789abcdef"]])
def test_an_unknown_object(xt, logged, words):
    with pytest.raises(XetrackError, match=r"no object '0123456789abcdef'.*xt assets ls"):
        xt(*(word.replace("DB", logged[0]) for word in words))


def test_delete_removes_all_uses(xt, logged):
    db, array, harmful = logged
    assert xt("delete", db, array).lines == [f"{array} deleted"]
    assert list(Reader(db).assets) == [harmful]
    assert Reader(db)[0]["array"] == array  # the row keeps the hash


def test_delete_of_some_uses(xt, logged):
    db, array, _ = logged
    assert xt("delete", db, array, "--uses", 1).lines == [f"{array} has 1 use left"]
    assert xt("delete", db, array, "--uses", 1).lines == [f"{array} deleted"]


def test_gc_removes_what_no_row_names(xt, logged, track):
    db, array, harmful = logged
    track().assets.insert([b"kept for later"])
    assert xt("gc", db).lines == ["1 object removed"]
    assert list(Reader(db).assets) == [array, harmful]
    assert xt("gc", db).lines == ["0 objects removed"]


def test_gc_of_a_file_without_objects(xt, tracker):
    tracker.log({"x": 1})
    tracker.close()
    assert xt("gc", tracker.db).lines == ["0 objects removed"]


def test_gc_gives_the_space_of_deleted_objects_back(xt, tracker):
    keys = tracker.log({"one": np.random.default_rng(0).random(100_000), "two": np.arange(200_000)})
    tracker.close()
    before = Path(tracker.db).stat().st_size
    for key in (keys["one"], keys["two"]):
        xt("delete", tracker.db, key)
    assert xt("gc", tracker.db).lines == ["0 objects removed"]
    assert Path(tracker.db).stat().st_size < before / 10
