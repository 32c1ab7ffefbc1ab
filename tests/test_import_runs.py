"""Runs that real releases of MLflow, trackio and wandb wrote (data/peers/make.py) come into a database of ours."""

import importlib.util
import json
import math
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from xetrack import Reader

ROOT = Path(__file__).parents[1]
PEERS = Path(__file__).parent / "data" / "peers"
LOSSES = [1.0, 0.5, 1 / 3]


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("import_runs", ROOT / "examples" / "import_runs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=["mlflow", "trackio", "wandb"])
def source(request, tmp_path_factory):
    """What it is called, and the path of what it wrote."""
    if (PEERS / f"{request.param}.jsonl").exists():
        return request.param, PEERS / f"{request.param}.jsonl"
    path = tmp_path_factory.mktemp("source") / f"{request.param}.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript((PEERS / f"{request.param}.sql").read_text(encoding="utf-8"))
    return request.param, path


@pytest.fixture(scope="module")
def imported(example, source, tmp_path_factory):
    """A database with all that a source had; tests only read it."""
    db = tmp_path_factory.mktemp("imported") / "all.db"
    example.main(*map(str, source), str(db))
    return db


def run_of(db, name):
    (run,) = [run for run in Reader(db).list_runs() if run["params"]["name"] == name]
    return run


def test_params_steps_and_values_come_along(imported):
    for number, lr in enumerate([0.1, 0.01]):
        run = run_of(imported, f"run-{number}")
        assert (run["params"]["lr"], run["params"]["model"], run["status"]) == (lr, "resnet18", "finished")
        rows = Reader(imported).to_dicts(track_id=run["track_id"])
        steps = [row for row in rows if row["loss"] is not None]
        assert [(row["step"], row["loss"]) for row in steps] == list(enumerate(LOSSES))
        assert [row["accuracy"] for row in steps] == [0.5 + step * lr for step in range(3)]
        assert all(math.isnan(row["undefined"]) and row["lr"] == lr for row in steps)


def first_time(kind, path):
    """When the first values were logged, in seconds since 1970."""
    if kind == "wandb":
        return json.loads(path.read_text(encoding="utf-8").splitlines()[0])["history"][0]["_timestamp"]
    with closing(sqlite3.connect(path)) as db:
        (time,) = db.execute("SELECT min(timestamp) FROM metrics").fetchone()
    return time / 1000 if kind == "mlflow" else datetime.fromisoformat(time).timestamp()


def test_times_are_those_of_the_run(imported, source):
    stamps = [row["timestamp"] for row in Reader(imported)]
    assert {len(stamp) for stamp in stamps} == {26}
    assert datetime.fromisoformat(stamps[0]).timestamp() == pytest.approx(first_time(*source), abs=1e-5)
    for run in Reader(imported).list_runs():
        assert run["started"] <= run["first"] <= run["last"] <= run["ended"]


def test_what_was_imported_is_left_alone(example, source, imported, capsys):
    before = repr(Reader(imported).to_dicts())  # NaN is not equal to itself
    capsys.readouterr()
    example.main(*map(str, source), str(imported))
    assert {line.partition(": ")[2] for line in capsys.readouterr().out.splitlines()} == {"0 new rows"}
    assert repr(Reader(imported).to_dicts()) == before


@pytest.mark.parametrize("source", ["mlflow"], indirect=True)
def test_mlflow(imported):
    run = run_of(imported, "run-0")
    assert (run["team"], run["params"]["experiment"]) == ("vision", "digits")
    rows = Reader(imported).to_dicts(track_id=run["track_id"])
    assert [row["tries"] for row in rows if row["tries"] is not None] == [1, 2]  # of one step, and both are there
    assert [row["limit"] for row in rows if row["limit"] is not None] == [-math.inf]
    broken = run_of(imported, "broken")
    assert (broken["status"], broken["rows"], broken["lr"]) == ("failed", 1, "high")
    assert broken["started"] < broken["ended"]


@pytest.mark.parametrize("source", ["trackio"], indirect=True)
def test_trackio(imported):
    last = Reader(imported).to_dicts(track_id=run_of(imported, "run-1")["track_id"])[-1]
    assert (last["step"], last["test_accuracy"], last["sizes"], last["limit"]) == (10, 0.9, {"a": 1}, -math.inf)


@pytest.mark.parametrize("source", ["wandb"], indirect=True)
def test_wandb(imported):
    assert [row["test_accuracy"] for row in Reader(imported)] == [0.9] * 6  # of the summary
    assert not {key for key in Reader(imported).columns if key.startswith("_")}
