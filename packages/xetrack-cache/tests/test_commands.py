"""`xt cache`. The terminal of xt is stood in for here; tests/test_xt.py of the workspace has the real one."""

import gc
import os
from pathlib import Path

import pytest

from xetrack import Plugin, Provider, Reader, Tracker, XetrackError
from xetrack.plugin import Context
from xetrack.registry import discovered

pytest.importorskip("typer", reason="the commands are those of xt, which brings typer")


class Told:
    """What commands showed."""

    def __init__(self):
        self.rows, self.columns, self.style, self.lines = [], [], None, []

    def arguments(self, words, *names):
        return list(words)

    def show(self, rows, columns=(), style=""):
        self.rows, self.columns, self.style = list(rows), list(columns), style

    def tell(self, text):
        self.lines.append(text)


@pytest.fixture
def xt():
    import typer

    from xetrack_cache.commands import commands

    def run(*words):
        told = Told()
        command = typer.main.get_command(commands(Context("", terminal=told)))
        command(list(words), standalone_mode=False)
        return told

    return run


def test_an_unknown_run_is_no_empty_list(xt, folder):
    assert [row["track_id"] for row in xt("ls", str(folder), "--track-id", "first-run-0001").rows] == [
        "first-run-0001"
    ] * 2
    for words in (["ls", str(folder), "--track-id", "nobody"], ["delete", str(folder), "first-run-0001", "nobody"]):
        with pytest.raises(XetrackError, match="holds no results of run 'nobody'"):
            xt(*words)


class Harmful:
    def __reduce__(self):
        return print, ("harm done",)


def double(number):
    return number * 2


def harmful():
    return Harmful()


@pytest.fixture
def folder(tmp_path):
    for track_id in ("first-run-0001", "second-run-0002"):
        with Tracker(tmp_path / "track.db", track_id=track_id, cache=tmp_path / "cache", warnings=False) as tracker:
            tracker.track(double, args=[len(track_id)])
            tracker.track(double, args=[len(track_id) + 100])
    return str(tmp_path / "cache")


def test_ls_lists_function_run_and_result(xt, folder):
    told = xt("ls", folder)
    assert [row["track_id"] for row in told.rows] == ["first-run-0001"] * 2 + ["second-run-0002"] * 2
    assert [row["result"] for row in told.rows] == [28, 228, 30, 230]
    assert all(row["function"].endswith("double") and row["key"].startswith(row["function"]) for row in told.rows)


def test_ls_of_a_run_and_as_json(xt, folder):
    told = xt("ls", folder, "--track-id", "second-run-0002", "--json")
    assert [row["result"] for row in told.rows] == [30, 230]
    assert told.style == "json"


def test_ls_runs_nobodys_code(xt, folder, tmp_path, capsys):
    with Tracker(tmp_path / "track.db", cache=folder, warnings=False) as tracker:
        tracker.track(harmful)
    capsys.readouterr()
    assert "unread result of" in xt("ls", folder).rows[-1]["result"]
    assert "harm" not in capsys.readouterr().out


def test_delete_forgets_what_a_run_computed(xt, folder):
    assert xt("delete", folder, "first-run-0001").lines == ["2 entries of first-run-0001 deleted"]
    assert {entry["cache"] for _, entry in Reader.scan_cache(folder)} == {"second-run-0002"}


def test_the_place_may_be_that_of_another_cache(xt, monkeypatch):
    class Entries:
        def scan(self):
            yield "module.f:12", {"result": 7, "cache": "one"}

        def delete_run(self, track_id):
            return 1

        def close(self):
            pass

    class Elsewhere(Plugin):
        def xetrack_caches(self):
            provider = Provider("elsewhere", lambda *_: None, read=lambda place, trusted: Entries(), schemes=("far",))
            return [provider]

    found = discovered().having([Elsewhere])
    monkeypatch.setattr("xetrack._plugins.readback.discovered", lambda: found)
    for words in (["far://ann:pw@host"], ["anywhere", "--provider", "elsewhere"]):
        assert [row["result"] for row in xt("ls", *words).rows] == [7]
        assert xt("stats", *words).lines == ["1 entry"]
        assert xt("delete", words[0], "one", *words[1:]).lines == ["1 entry of one deleted"]
        with pytest.raises(XetrackError, match="holds no results of run 'two'") as caught:
            xt("delete", words[0], "two", *words[1:])
        assert "pw" not in str(caught.value)
    with pytest.raises(XetrackError, match="no installed cache serves near:// URLs"):
        xt("ls", "near://host")


def test_delete_of_an_unknown_run_deletes_nothing(xt, folder):
    with pytest.raises(Exception, match="'no-run-0000'"):
        xt("delete", folder, "first-run-0001", "no-run-0000")
    assert len(list(Reader.scan_cache(folder))) == 4


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux lists open files there")
@pytest.mark.parametrize("begun", [False, True])
def test_a_listing_that_is_let_go_of_holds_no_file_open(folder, begun):
    def opened():
        return [path for path in map(os.path.realpath, Path("/proc/self/fd").iterdir()) if path.endswith("cache.db")]

    gc.disable()  # at once, not with the next collection
    try:
        before = opened()
        listing = Reader.scan_cache(folder)
        if begun:
            next(listing)
        assert len(opened()) > len(before)
        del listing
        assert opened() == before
    finally:
        gc.enable()


def test_stats_count_entries_and_runs(xt, folder):
    told = xt("stats", folder)
    assert [(row["entries"], row["runs"]) for row in told.rows] == [(4, 2)]
    assert told.lines[0].startswith("4 entries, ")


def test_a_path_that_is_no_cache_is_refused_and_not_made(xt, tmp_path):
    for words in (("ls",), ("stats",), ("delete",)):
        with pytest.raises(Exception, match="is not a cache folder"):
            xt(*words, str(tmp_path / "nowhere"), *(["x-run-0001"] if words == ("delete",) else []))
    assert not (tmp_path / "nowhere").exists()
