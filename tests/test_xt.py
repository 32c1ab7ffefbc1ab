"""`xt` with every package installed: each command of the documentation that came first, as it was written there."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import cloudpickle
import pytest

from xetrack import Reader, Tracker
from xetrack_cli.main import run


class Model:
    def __init__(self, depth):
        self.depth = depth


cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture
def database(tmp_path):
    """Two runs, one of which logged a model; its hash."""
    with Tracker(tmp_path / "database.db", params={"data": "mnist"}, track_id="crouching-groundhog-5046") as tracker:
        for number in range(4):
            tracker.log({"model": "xgboost", "accuracy": 0.9, "x": number, "y": number**2, "z": 1})
    with Tracker(tmp_path / "database.db", params={"data": "mnist"}, track_id="ebony-loon-6720") as tracker:
        return tracker.log({"model": "lightgbm", "accuracy": 0.95, "params": Model(3)})["params"]


@pytest.fixture
def bash(tmp_path):
    """Runs a line in a shell that finds `xt`, and gives what it printed; a failure is told."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("XETRACK_")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

    def run(line, code=0, **environment):
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=tmp_path,
            env={**own, "PATH": path, "PYTHONIOENCODING": "utf-8", **environment},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    return run


@pytest.fixture
def xt(tmp_path, monkeypatch, capfd):
    """Runs a line of `xt` in this process, and returns what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XETRACK_DISABLE_PLUGINS", raising=False)

    def xt(line, code=0, **environment):
        program, *words = shlex.split(line, comments=True)
        assert program == "xt"
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            capfd.readouterr()
            try:
                ended = run(words)
            except SystemExit as error:
                ended = error.code
            sys.stdout.flush()
        out, err = capfd.readouterr()
        assert ended == code, err
        return out if code == 0 else err

    return xt


def test_head_and_tail(xt, database):
    lines = xt("xt head database.db --n=2").splitlines()
    assert [cell.strip() for cell in lines[0].split("|")[2:6]] == ["timestamp", "track_id", "data", "model"]
    assert lines[1].startswith("|---:|:---")
    assert len(lines) == 4
    [_, _, line] = xt("xt tail database.db --n=1").splitlines()
    assert "ebony-loon-6720" in line
    assert database in line


def test_set(xt, database, tmp_path):
    # as written there, without a database: this is what the variable is for
    line = f"xt set accuracy 0.8 --where-key params --where-value {database} --track-id ebony-loon-6720"
    assert xt(line, XETRACK_DB="database.db") == "accuracy set in 1 row\n"
    assert Reader(tmp_path / "database.db").to_dicts(tail=1)[0]["accuracy"] == 0.8


def test_delete(xt, database, tmp_path):
    xt("xt delete database.db ebony-loon-6720 # delete experiments with a given track_id")
    assert {run["track_id"] for run in Reader(tmp_path / "database.db").list_runs()} == {"crouching-groundhog-5046"}


def test_sql(bash, database):
    assert len(bash('xt sql database.db "SELECT * FROM db.events;"').splitlines()) == 7


def test_assets_export_and_delete(xt, database, tmp_path):
    xt(f"xt assets export database.db {database} output")
    assert cloudpickle.loads((tmp_path / "output").read_bytes()).depth == 3
    xt(f"xt assets delete database.db {database}")
    assert json.loads(xt("xt assets ls database.db --json")) == []


def test_objects_of_a_file_without_the_default_table(xt, tmp_path):
    for table in ("training", "evaluation"):
        with Tracker(tmp_path / "other.db", table=table) as tracker:
            key = tracker.log({"model": Model(3)})["model"]
    assert [each["hash"] for each in json.loads(xt("xt assets ls other.db --json"))] == [key]
    xt(f"xt assets export other.db {key} output")
    assert xt("xt assets gc other.db") == "0 objects removed\n"
    assert "deleted" in xt(f"xt assets delete other.db {key}")
    assert "has no table 'events'" in xt("xt head other.db --table events --engine duckdb", code=1)
    assert "Choose one with --table NAME." in xt("xt head other.db --engine duckdb", code=1)


@pytest.mark.parametrize(("assets", "objects"), [("--assets", 1), ("--no-assets", 0)])
def test_copy(xt, database, tmp_path, assets, objects):
    xt(f"xt copy database.db target.db {assets} --table=events")
    reader = Reader(tmp_path / "target.db")
    assert (len(reader), len(reader.assets)) == (5, objects)


def test_describe(xt, database):
    lines = xt("xt describe database.db --columns=x,y,z").splitlines()
    assert [line.split("|")[2].strip() for line in lines[2:]] == ["x", "y", "z"]


def test_stats_top_and_bottom(xt, database):
    assert "| lightgbm |" in xt("xt stats top database.db accuracy")
    assert "| xgboost |" in xt("xt stats bottom database.db accuracy")


def test_plots(xt, database):
    summary = xt("xt plot hist database.db x")
    for text in ("x histogram", "Summary", "observations: 4", "min value: 0.000000", "mean : 1.500000"):
        assert text in summary
    assert "4 points" in xt("xt plot scatter database.db x y")


def test_nothing_is_loaded_where_nothing_is_trusted(xt, database):
    for line in ("ls database.db", f"export database.db {database} out", f"delete database.db {database}"):
        xt(f"xt assets {line}", XETRACK_SAFE="1")


def test_doctor_checks_the_file_whatever_engine_reads_it(bash, database):
    checks = {row["check"] for row in json.loads(bash("xt doctor database.db --engine duckdb --json"))}
    assert {"integrity", "journal", "size", "rows of events"} <= checks


def test_doctor_finds_objects_that_no_row_names(bash, database):
    assert "leaves 1 object that no other run logged" in bash("xt delete database.db ebony-loon-6720 2>&1")
    [told] = [row for row in json.loads(bash("xt doctor database.db --json")) if row["check"] == "objects"]
    assert (told["state"], told["advice"]) == ("note", "xt assets gc DB")
    assert bash(told["advice"].replace("DB", "database.db")) == "1 object removed\n"


def test_exit_codes_as_shells_expect(bash, database):
    assert bash("xt nonsense", code=2).startswith("xt: ")
    assert bash("xt head nowhere.db", code=1).startswith("xt: ")
    many = "SELECT a.x FROM db.events a, db.events b, db.events c, db.events d, db.events e, db.events f"
    told = bash(f'set -o pipefail; xt sql database.db "{many}" --csv | head -n 1; echo ${{PIPESTATUS[0]}}')
    assert told == "x\n141\n"


def test_version_lists_the_plugins(bash):
    lines = bash("xt --version").splitlines()
    assert any(line.startswith("xetrack-assets 1.") for line in lines)
    assert any(line.startswith("xetrack-monitors 1.") for line in lines)


def test_both_engines_answer_in_sql(xt, database):
    pytest.importorskip("xetrack_duckdb")
    query = "SELECT model, max(accuracy) AS best FROM db.events GROUP BY model ORDER BY model"
    expected = "model,best\nlightgbm,0.95\nxgboost,0.9\n"
    for engine in ("sqlite", "duckdb"):
        assert xt(f"xt sql database.db --csv --engine {engine} '{query}'") == expected
    assert "Use xt sql --write" in xt("xt sql database.db --engine duckdb 'DELETE FROM db.events'", code=1)
    assert xt("xt sql database.db --engine duckdb 'SELEC'", code=1).count("\n") == 1
    lines = [xt(f"xt tail database.db --engine {engine} --json") for engine in ("sqlite", "duckdb")]
    assert lines[0] == lines[1]


def double(number):
    return number * 2


def test_cache(xt, tmp_path):
    pytest.importorskip("xetrack_cache")
    with Tracker(tmp_path / "track.db", cache=tmp_path / "cache", track_id="only-run-0001") as tracker:
        tracker.track(double, args=[21])
    [entry] = json.loads(xt("xt cache ls cache --json"))
    assert (entry["track_id"], entry["result"]) == ("only-run-0001", 42)
    assert json.loads(xt("xt cache stats cache --json"))[0]["entries"] == 1
    assert xt("xt cache delete cache only-run-0001") == "1 entry of only-run-0001 deleted\n"
    assert json.loads(xt("xt cache ls cache --json")) == []
