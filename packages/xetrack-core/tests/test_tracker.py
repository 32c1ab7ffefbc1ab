"""The Tracker, as the README uses it."""

import gc
import io
import pickle
import re
import sqlite3
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from textwrap import dedent

import numpy as np
import pandas as pd
import pytest

from xetrack import Reader, Tracker, XetrackError, XetrackWarning
from xetrack.errors import (
    ClosedError,
    InvalidKeyError,
    InvalidTableError,
    InvalidValueError,
    NotADatabaseError,
    OptionError,
    PluginNotInstalledError,
)

CYCLE = []
CYCLE.append(CYCLE)
STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "track.db"


@pytest.fixture
def tracker(path):
    with Tracker(path, params={"model": "resnet18"}) as made:
        yield made


@pytest.fixture
def two_runs(path):
    """A tracker with two rows in a file with another run's."""
    Tracker(path).log({"x": 100})
    with Tracker(path) as made:
        made.log({"x": 1, "y": "a"})
        made.log({"x": 2})
        yield made


def run(code, folder):
    """Run code in a process of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", dedent(code)], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


# Logging


def test_log_returns_the_row_with_params_time_and_run(tracker):
    row = tracker.log({"accuracy": 0.9, "loss": 0.1, "epoch": 1})

    assert STAMP.fullmatch(row.pop("timestamp"))
    assert row == {"model": "resnet18", "accuracy": 0.9, "loss": 0.1, "epoch": 1, "track_id": tracker.track_id}


def test_latest_is_the_row_logged_last(tracker):
    assert tracker.latest == {}
    tracker.log({"epoch": 1})
    row = tracker.log({"epoch": 2})

    assert tracker.latest == row
    assert tracker.latest is not tracker.latest


def test_latest_has_lists_and_dicts_as_they_read_back(tracker):
    row = tracker.log({"a": (1, 2), "b": {"c": {3}}})

    assert (row["a"], row["b"]) == ([1, 2], {"c": [3]})
    assert tracker.latest == row == tracker[0]


def test_changing_the_returned_row_changes_nothing(tracker):
    tracker.log({"x": 1})["x"] = "changed"
    tracker.log_batch([{"y": 1}])[0]["y"] = "changed"

    assert tracker.latest["y"] == 1
    tracker.log({"x": 1})["x"] = "changed"
    assert tracker.latest["x"] == 1


def test_the_event_wins_over_the_params(tracker):
    assert tracker.log({"model": "xgboost"})["model"] == "xgboost"
    assert tracker.log({})["model"] == "resnet18"


def test_a_batch_is_logged_in_order_and_returned(tracker):
    rows = tracker.log_batch({"epoch": number} for number in range(5))

    assert [row["epoch"] for row in rows] == list(range(5))
    assert len({row["timestamp"] for row in rows}) == 5
    assert tracker.latest == rows[-1]
    assert list(tracker) == rows


def test_an_empty_batch_logs_nothing(tracker, path):
    assert tracker.log_batch([]) == []
    assert not path.exists()


def test_a_batch_with_a_bad_event_is_refused_whole(tracker):
    tracker.log({"x": 0})

    with pytest.raises(InvalidKeyError):
        tracker.log_batch([{"x": 1}, {"timestamp": 2}])

    assert tracker["x"].tolist() == [0]
    assert tracker.latest["x"] == 0


def test_steps_come_in_any_order_and_none_is_dropped(tracker):
    for step in (3, 1, 1, 2):
        tracker.log({"loss": 0.5}, step=step)

    assert tracker["step"].tolist() == [3, 1, 1, 2]
    assert "step" not in tracker.log({"loss": 0.5})


@pytest.mark.parametrize("of_row", [1, None, "2", np.array([2, 3])], ids=repr)
def test_two_steps_are_refused(tracker, of_row):
    with pytest.raises(OptionError, match=r"step is given twice: .* in the event, and step=2\. Pass it once"):
        tracker.log({"loss": 0.5, "step": of_row}, step=2)

    assert len(tracker) == 0


def test_one_step_given_twice_is_one(tracker):
    assert tracker.log({"step": np.int64(2)}, step=2)["step"] == 2


def test_a_step_wins_over_a_param_as_any_event_does(path):
    assert Tracker(path, params={"step": 0}).log({}, step=2)["step"] == 2


@pytest.mark.parametrize("bad", [None, 5, "text", [("a", 1)]])
def test_what_is_no_dict_is_no_event(tracker, bad):
    with pytest.raises(InvalidValueError, match=r"log\(\) takes a dict"):
        tracker.log(bad)
    assert len(tracker) == 0


# Params


def test_params_are_copied_deeply(path):
    params = {"model": "m", "sizes": [1]}
    tracker = Tracker(path, params)
    params["model"] = "changed"
    params["sizes"].append(2)
    tracker.params["model"] = "changed"
    tracker.params["sizes"].append(2)

    assert tracker.params == {"model": "m", "sizes": [1]}
    assert tracker.log({"x": 1})["sizes"] == [1]


def test_set_params_adds_to_the_params_of_rows_to_come(tracker):
    tracker.log({"epoch": 1})
    tracker.set_params({"model": "vit", "dataset": "cifar10"})
    tracker.set_param("fold", 3)

    row = tracker.log({"epoch": 2})

    assert (row["model"], row["dataset"], row["fold"]) == ("vit", "cifar10", 3)
    assert tracker["model"].tolist() == ["resnet18", "vit"]
    assert tracker.params == {"model": "vit", "dataset": "cifar10", "fold": 3}


def test_set_param_copies_its_value(tracker):
    sizes = [1]
    tracker.set_param("sizes", sizes)
    sizes.append(2)

    assert tracker.log({"x": 1})["sizes"] == [1]


@pytest.mark.parametrize("params", [{"timestamp": 1}, {1: 2}, {"x": CYCLE}])
def test_bad_params_are_refused_and_change_nothing(tracker, path, params):
    with pytest.raises(XetrackError):
        tracker.set_params({"fine": 1, **params})
    assert tracker.params == {"model": "resnet18"}

    with pytest.raises(XetrackError):
        Tracker(path, params)
    assert not path.exists()


# Back in time


def test_set_value_changes_every_row_of_this_run_and_only_these(two_runs, path):
    assert two_runs.set_value("test_accuracy", 0.9) == 2
    assert two_runs.set_value("x", 7) == 2

    assert two_runs["test_accuracy"].tolist() == [0.9, 0.9]
    assert two_runs.latest["x"] == 7
    assert Reader(path).to_df()["x"].tolist() == [100, 7, 7]


def test_set_where_changes_only_the_rows_it_names(two_runs, path):
    assert two_runs.set_where("y", "b", "x", 2) == 1
    assert two_runs.set_where("y", "b", "x", 100) == 0
    assert two_runs.set_where("y", "c", "y", None) == 0

    assert two_runs["y"].tolist() == ["a", "b"]


@pytest.mark.parametrize(
    "change", [lambda t: t.set_value("timestamp", 1), lambda t: t.set_where("track_id", 1, "x", 1)]
)
def test_time_and_run_cannot_be_set(two_runs, change):
    with pytest.raises(InvalidKeyError):
        change(two_runs)


@pytest.mark.parametrize("value", [True, 1.5, "text", None, [1], {"a": 1}, b"x", float("inf"), 2**70, np.float32(0.5)])
def test_a_value_set_back_in_time_reads_back_as_logged(two_runs, value):
    two_runs.set_value("x", value)
    set_back = two_runs[0]["x"]

    assert two_runs.log({"x": value})["x"] == set_back == two_runs.latest["x"]


def test_set_value_before_the_first_row_sets_nothing_and_leaves_no_trace(path):
    tracker = Tracker(path)

    assert tracker.set_value("x", 1) == 0
    assert tracker.set_where("x", 1, "y", 2) == 0
    tracker.close()

    assert list(path.parent.iterdir()) == []


# Reading


def test_to_df_has_this_run_or_all(two_runs):
    assert two_runs.to_df()["x"].tolist() == [1, 2]
    assert two_runs.to_df(all=True)["x"].tolist() == [100, 1, 2]
    assert two_runs.to_df()["track_id"].unique().tolist() == [two_runs.track_id]
    assert isinstance(two_runs.to_df().index, pd.RangeIndex)


def test_columns_rows_head_and_tail(two_runs):
    two_runs.log({"x": 3})

    assert two_runs["x"].tolist() == [1, 2, 3]
    assert [two_runs[index]["x"] for index in (0, 2, -1, -3)] == [1, 3, 3, 1]
    assert [row["x"] for row in two_runs] == [1, 2, 3]
    assert two_runs.head(2)["x"].tolist() == [1, 2]
    assert two_runs.tail(1)["x"].tolist() == [3]
    assert len(two_runs.head()) == len(two_runs.tail()) == 3
    assert two_runs.head(0).empty
    assert two_runs.dtypes["x"] is int
    assert set(two_runs.columns) == {"x", "y", "timestamp", "track_id"}


@pytest.mark.parametrize("index", [2, -3])
def test_a_row_that_is_not_there_is_an_index_error(two_runs, index):
    with pytest.raises(IndexError, match="2"):
        two_runs[index]


def test_a_column_that_is_not_there_is_a_key_error(two_runs):
    with pytest.raises(KeyError, match="nope"):
        two_runs["nope"]


def test_counts_and_len(two_runs):
    assert (len(two_runs), two_runs.count_run(), two_runs.count_all()) == (2, 2, 3)


def test_print_shows_the_rows(two_runs):
    text = str(two_runs)

    assert all(each in text for each in ("timestamp", "x", "y", two_runs.track_id))
    assert len(text.splitlines()) == 3
    assert two_runs.track_id in repr(two_runs)
    assert "<table" in two_runs._repr_html_()


def test_a_tracker_without_rows_is_true_empty_and_printable(path):
    tracker = Tracker(path)

    assert tracker
    assert len(tracker) == tracker.count_all() == 0
    assert list(tracker) == []
    assert tracker.to_df().empty
    assert tracker.to_df(all=True).empty
    assert tracker.head().empty
    assert isinstance(str(tracker), str)
    assert isinstance(tracker._repr_html_(), str)
    assert tracker.columns == []
    with pytest.raises(IndexError):
        tracker[0]


def test_frames_have_the_types_that_were_logged(tracker):
    tracker.log({"b": True, "i": 1, "f": 0.5, "s": "a", "n": None, "l": [1], "maybe": 2})
    tracker.log({"b": False, "i": 2**53 + 1, "f": 2.0, "s": "b", "n": None, "l": {"a": 1}})

    df = tracker.to_df()

    assert [df[key].dtype.kind for key in "bif"] == ["b", "i", "f"]
    assert df["i"].tolist() == [1, 2**53 + 1]
    assert df["l"].tolist() == [[1], {"a": 1}]
    assert df["n"].tolist() == [None, None]
    assert df["maybe"].tolist()[0] == 2
    assert df["maybe"].isna().tolist() == [False, True]


def test_conn_runs_the_documented_sql(tracker):
    tracker.log({"accuracy": 0.9})
    tracker.log({"accuracy": 0.5})

    for table in ("db.events", "events"):
        assert tracker.conn.execute(f"SELECT accuracy FROM {table} WHERE accuracy > 0.8").fetchall() == [(0.9,)]


def test_a_query_left_open_on_conn_does_not_hold_up_logging(tracker):
    tracker.log({"x": 1})
    tracker.conn.execute("BEGIN")
    rows = tracker.conn.execute("SELECT * FROM db.events")
    rows.fetchone()

    tracker.log({"x": 2})

    assert len(tracker) == 2


@pytest.mark.parametrize("write", ["to_csv", "to_parquet"])
@pytest.mark.parametrize("place", ["new/folder/rows", "~/new/rows"])
def test_exports_make_folders(two_runs, tmp_path, monkeypatch, write, place):
    if write == "to_parquet":
        pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    getattr(two_runs, write)(place)

    target = Path(place).expanduser()
    read = pd.read_csv if write == "to_csv" else pd.read_parquet
    assert len(read(target)) == len(two_runs)


def test_exports_go_to_open_files_too(two_runs):
    text = io.StringIO()
    two_runs.to_csv(text)

    assert len(text.getvalue().splitlines()) == len(two_runs) + 1


def test_to_csv_writes_this_run_or_all(two_runs, tmp_path):
    two_runs.log({"x": 3, "y": "c", "sizes": [1, 2], "raw": b"\xff"})
    two_runs.to_csv(tmp_path / "run.csv")
    two_runs.to_csv(str(tmp_path / "all.csv"), all=True)

    run, everything = pd.read_csv(tmp_path / "run.csv"), pd.read_csv(tmp_path / "all.csv")
    assert run["x"].tolist() == [1, 2, 3]
    assert run["sizes"].tolist()[2] == "[1, 2]"
    assert run["raw"].tolist()[2] == "ff"
    assert everything["x"].tolist() == [100, 1, 2, 3]
    assert "Unnamed: 0" not in run.columns


def test_assets_without_a_plugin_say_what_to_install(tracker, monkeypatch):
    monkeypatch.setattr(tracker._run._plugins, "offers", lambda kind: [])

    for ask in (lambda: tracker.get("53425a65a40a49f4"), lambda: tracker.assets):
        with pytest.raises(PluginNotInstalledError, match="pip install xetrack-assets"):
            ask()


# Where rows live


def test_in_memory_leaves_no_file_and_works_as_any(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tracker = Tracker(Tracker.IN_MEMORY, {"a": 1})

    row = tracker.log({"x": 1})
    tracker.set_value("y", 2)

    assert tracker.latest == {**row, "y": 2}
    assert tracker.conn.execute("SELECT x FROM db.events").fetchall() == [(1,)]
    tracker.close()
    assert list(tmp_path.iterdir()) == []


def test_two_trackers_in_memory_share_nothing():
    one, other = Tracker(Tracker.IN_MEMORY), Tracker(Tracker.IN_MEMORY)
    one.log({"x": 1})

    assert other.count_all() == 0


def test_skip_insert_keeps_no_rows_but_knows_the_latest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tracker = Tracker(db=Tracker.SKIP_INSERT, params={"a": 1})

    row = tracker.log({"x": 1})

    assert tracker.latest == row
    assert row["a"] == 1
    assert len(tracker) == tracker.count_all() == 0
    assert tracker.to_df().empty
    tracker.close()
    assert list(tmp_path.iterdir()) == []


def test_tables_keep_kinds_of_experiments_apart(path):
    models, data = Tracker(path, table="model_experiments"), Tracker(path, table='my "data"; --')
    models.log({"x": 1})
    data.log({"y": 2})

    assert models.to_df(all=True).columns.tolist() == [*models[0]]
    assert data.count_all() == 1
    assert data[0]["y"] == 2
    assert Reader(path, table="model_experiments").to_df()["x"].tolist() == [1]


def test_the_default_table_is_events_and_default_means_it_too(path):
    Tracker(path).log({"x": 1})
    other = Tracker(path, table="default")
    other.log({"x": 2})

    assert other.count_all() == 2
    assert Reader(path, table="default").to_df()["x"].tolist() == [1, 2]
    assert other.conn.execute("SELECT x FROM events").fetchall() == [(1,), (2,)]


@pytest.mark.parametrize("table", ["", "assets", "keys", "counts", "xetrack_runs", "sqlite_x", "ASSETS", None, 5])
def test_names_the_store_needs_for_itself_are_refused(path, table):
    with pytest.raises(InvalidTableError):
        Tracker(path, table=table)
    assert not path.exists()


def test_somebody_elses_table_is_left_alone(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE people (name TEXT)")
    connection.close()
    tracker = Tracker(path, table="people")

    with pytest.raises(InvalidTableError, match="people"):
        tracker.log({"x": 1})

    Tracker(path, table="mine").log({"x": 1})
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT * FROM people").fetchall() == []
    connection.close()


def test_reset_deletes_the_table_with_its_runs_and_no_other(path):
    Tracker(path).log({"old": 1})
    Tracker(path, table="other").log({"x": 1})

    tracker = Tracker(path, reset=True)
    assert tracker.count_all() == 0
    tracker.log({"new": 1})

    assert set(Reader(path).columns) == {"timestamp", "track_id", "new"}
    assert len(Reader(path).runs()) == 1
    assert len(Reader(path, table="other")) == 1


def test_a_reset_is_noticed_by_another_tracker(path):
    other = Tracker(path)
    other.log({"a": 1, "b": 2})
    Tracker(path, reset=True).log({"c": 1})

    other.log({"a": 3, "b": 4})

    assert other.count_all() == 2
    assert other.to_df()["b"].tolist() == [4]


def test_a_reset_of_a_file_that_does_not_exist_leaves_no_trace(path):
    Tracker(path, reset=True).close()

    assert list(path.parent.iterdir()) == []


def test_a_tracker_that_logs_nothing_leaves_no_trace(tmp_path):
    with Tracker(tmp_path / "folder" / "track.db", {"a": 1}) as tracker:
        assert tracker.to_df().empty
        assert len(tracker) == 0
        assert tracker.latest == {}

    assert list(tmp_path.iterdir()) == []


def test_a_tracker_that_logs_nothing_does_not_change_a_file(path):
    Tracker(path).log({"x": 1})
    gc.collect()
    before = path.read_bytes()

    with Tracker(path) as tracker:
        tracker.to_df(all=True)

    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_later_chdir_changes_nothing(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    tracker = Tracker("track.db")
    reader_of = Tracker("there.db")
    reader_of.log({"x": 1})
    reader = Reader("there.db")
    monkeypatch.chdir(tmp_path / "elsewhere")

    tracker.log({"x": 1})
    tracker.close()
    reader_of.log({"x": 2})

    assert (tmp_path / "track.db").exists()
    assert list(Path.cwd().iterdir()) == []
    assert len(reader) == 2
    assert tracker.db == str(tmp_path / "track.db")


def test_the_home_folder_and_missing_folders_work(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))

    Tracker("~/new/deep/track.db").log({"x": 1})

    assert (tmp_path / "new" / "deep" / "track.db").exists()
    assert len(Reader("~/new/deep/track.db")) == 1


def test_a_name_with_special_characters_is_a_file_of_that_name(tmp_path):
    path = tmp_path / "a b?mode=memory#%20'日本.db"

    Tracker(path).log({"x": 1})

    assert path.exists()
    assert len(Reader(path)) == 1


def test_a_folder_is_no_database(tmp_path):
    with pytest.raises(NotADatabaseError, match="folder"):
        Tracker(tmp_path)


# Git


@pytest.fixture
def repository(tmp_path):
    def git(*words):
        subprocess.run(
            ["git", "-c", "user.name=me", "-c", "user.email=me@x.org", "-c", "commit.gpgsign=false", *words],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )

    git("init", "-b", "main")
    git("commit", "--allow-empty", "-m", "first")
    return tmp_path


def test_git_root_adds_params(repository):
    row = Tracker(":memory:", {"model": "mine"}, git_root=repository).log({"x": 1})

    assert re.fullmatch("[0-9a-f]{40}", row["git_commit_hash"])
    assert row["git_dirty"] is False
    assert row["git_branch"] == "main"


def test_params_win_over_git_root_with_one_warning(repository):
    given = {"git_branch": "mine", "git_commit_hash": "abc"}
    with pytest.warns(XetrackWarning, match="^git_commit_hash, git_branch: params= overrides") as warned:
        tracker = Tracker(":memory:", given, git_root=repository)

    assert len(warned) == 1
    assert tracker.params == {**given, "git_dirty": False}


def test_params_that_say_what_git_says_are_no_conflict(repository):
    assert Tracker(":memory:", {"git_branch": "main"}, git_root=repository).params["git_branch"] == "main"


def test_no_git_is_warned_of_whatever_the_params_are(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    with pytest.warns(XetrackWarning, match="is not in a git repository"):
        tracker = Tracker(":memory:", {"git_commit_hash": "abc"}, git_root=tmp_path)
    assert tracker.params == {"git_commit_hash": "abc"}


def test_git_root_outside_of_a_repository_is_warned_of(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    with pytest.warns(XetrackWarning, match="git"):
        tracker = Tracker(":memory:", git_root=tmp_path)

    assert tracker.params == {}


# Runs


def test_a_run_is_resumed_by_its_track_id(path):
    with Tracker(path, track_id="my run") as first:
        first.log({"x": 1})
    started = Reader(path).runs()["started"][0]

    with Tracker(path, track_id="my run") as again:
        assert again.latest["x"] == 1
        again.log({"x": 2})
        assert len(again) == 2
        assert Reader(path).runs()["status"].tolist() == ["running"]

    runs = Reader(path).runs()
    assert (runs["track_id"][0], runs["rows"][0], runs["status"][0]) == ("my run", 2, "finished")
    assert runs["started"][0] == started


def statuses(path):
    return Reader(path).runs()["status"].tolist()


def test_the_status_of_a_run_follows_how_it_ends(path):
    with Tracker(path) as tracker:
        tracker.log({"x": 1})
        assert statuses(path) == ["running"]
    assert statuses(path) == ["finished"]

    with suppress(KeyError), Tracker(path) as tracker:
        tracker.log({"x": 1})
        raise KeyError
    assert statuses(path) == ["failed", "finished"]

    with suppress(KeyboardInterrupt), Tracker(path) as tracker:
        tracker.log({"x": 1})
        raise KeyboardInterrupt
    assert statuses(path)[0] == "failed"


def test_closing_inside_the_block_counts(path):
    with suppress(KeyError), Tracker(path) as tracker:
        tracker.log({"x": 1})
        tracker.close()
        raise KeyError

    assert statuses(path) == ["finished"]


# Ending


def test_closing_twice_does_nothing(tracker, path):
    tracker.log({"x": 1})
    tracker.close()
    ended = Reader(path).runs()["ended"][0]

    tracker.close()

    assert Reader(path).runs()["ended"][0] == ended


@pytest.mark.parametrize("end", ["close", "flush"])
def test_the_file_alone_holds_everything_after(tracker, path, tmp_path, end):
    tracker.log_batch([{"x": number} for number in range(100)])

    getattr(tracker, end)()

    (tmp_path / "copy.db").write_bytes(path.read_bytes())
    assert len(Reader(tmp_path / "copy.db")) == 100


def test_close_leaves_no_files_beside(tracker, path):
    tracker.log({"x": 1})
    tracker.close()

    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_forgotten_tracker_closes(path):
    tracker = Tracker(path)
    tracker.log({"x": 1})

    del tracker
    gc.collect()

    assert statuses(path) == ["finished"]
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_the_end_of_the_script_closes(tmp_path):
    run("from xetrack import Tracker; tracker = Tracker('a.db'); tracker.log({'x': 1})", tmp_path)

    assert statuses(tmp_path / "a.db") == ["finished"]
    assert [each.name for each in tmp_path.iterdir()] == ["a.db"]


def test_a_tracker_held_by_a_cycle_closes_at_exit_too(tmp_path):
    run(
        """
        from xetrack import Tracker
        class Holder: pass
        holder = Holder()
        holder.me, holder.tracker = holder, Tracker("a.db")
        holder.tracker.log({"x": 1})
        """,
        tmp_path,
    )

    assert statuses(tmp_path / "a.db") == ["finished"]


CLOSED = {
    "log": lambda t: t.log({"x": 1}),
    "log_batch": lambda t: t.log_batch([{"x": 1}]),
    "track": lambda t: t.track(abs, 1),
    "set_value": lambda t: t.set_value("x", 1),
    "set_where": lambda t: t.set_where("x", 1, "x", 2),
    "to_df": lambda t: t.to_df(),
    "to_df all": lambda t: t.to_df(all=True),
    "conn": lambda t: t.conn,
    "len": len,
    "count_all": lambda t: t.count_all(),
    "column": lambda t: t["x"],
    "row": lambda t: t[0],
    "head": lambda t: t.head(),
    "columns": lambda t: t.columns,
    "flush": lambda t: t.flush(),
    "get": lambda t: t.get("x"),
    "pickle": pickle.dumps,
}


@pytest.mark.parametrize("use", CLOSED.values(), ids=CLOSED)
@pytest.mark.parametrize("db", ["track.db", Tracker.IN_MEMORY, Tracker.SKIP_INSERT])
@pytest.mark.parametrize("logged", [True, False])
def test_a_closed_tracker_says_so(tmp_path, monkeypatch, db, use, logged):
    monkeypatch.chdir(tmp_path)
    tracker = Tracker(db)
    if logged:
        tracker.log({"x": 1})
    tracker.close()

    with pytest.raises(ClosedError, match="closed"):
        use(tracker)


def test_a_closed_tracker_still_knows_its_run_and_prints_its_repr(tracker):
    tracker.close()

    assert tracker.track_id in repr(tracker)
    assert tracker.params == {"model": "resnet18"}


# Warnings


def test_warnings_false_silences_our_own(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    tracker = Tracker(":memory:", warnings=False, git_root=tmp_path)

    tracker.log({"x": object()})
    tracker.track(lambda: {"error": 1})

    assert len(tracker) == 2


# Threads and processes, in short


def test_a_tracker_may_be_shared_by_threads(tracker):
    def work(number):
        for step in range(25):
            tracker.log({"thread": number}, step=step)

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    df = tracker.to_df()
    assert len(df) == 100
    assert df["timestamp"].is_unique
    assert df.groupby("thread")["step"].apply(list).tolist() == [list(range(25))] * 4


def test_a_pickled_tracker_goes_on_with_the_run(tracker, path):
    tracker.set_param("fold", 1)
    tracker.log({"x": 1})

    with pickle.loads(pickle.dumps(tracker)) as other:  # noqa: S301 - our own
        row = other.log({"x": 2})

    assert (row["track_id"], row["fold"]) == (tracker.track_id, 1)
    assert tracker["x"].tolist() == [1, 2]


def test_a_tracker_in_memory_says_that_it_cannot_be_pickled():
    with pytest.raises(OptionError, match="file"):
        pickle.dumps(Tracker(":memory:"))


def test_a_refused_value_leaves_the_tracker_as_it_was(tracker):
    tracker.log({"x": 1})

    with pytest.raises(InvalidValueError):
        tracker.log({"x": 2, "y": CYCLE})

    assert tracker.latest["x"] == 1
    assert tracker.log({"x": 3}) == tracker.latest
    assert tracker["x"].tolist() == [1, 3]
