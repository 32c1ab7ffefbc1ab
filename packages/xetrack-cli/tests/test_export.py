import json
import math
from pathlib import Path

import pandas as pd
import pytest

from xetrack import Reader, Tracker
from xetrack_cli.main import run

VALUES = {"f": 0.1, "i": 7, "b": True, "s": 'q"u,o\nte', "l": [1, {"a": None}], "none": None, "=formula": "=1+1"}


@pytest.fixture
def values(tmp_path):
    with Tracker(tmp_path / "v.db", track_id="only-run-0001") as tracker:
        tracker.log({**VALUES, "nan": float("nan"), "big": 2**60})
    with Tracker(tmp_path / "v.db", track_id="other-run-0002") as tracker:
        tracker.log({"later": 1})
    return "v.db"


def test_csv(xt, values):
    assert xt("export", values, "out.csv").out == "2 rows written to out.csv\n"
    frame = pd.read_csv("out.csv")
    assert list(frame) == Reader(values).columns
    assert (frame["f"][0], frame["s"][0], json.loads(frame["l"][0])) == (0.1, VALUES["s"], VALUES["l"])
    assert frame["later"].tolist()[1] == 1


def test_jsonl(xt, values):
    xt("export", values, "out.jsonl")
    first, second = map(json.loads, Path("out.jsonl").read_text(encoding="utf-8").splitlines())
    assert {key: first[key] for key in VALUES} == VALUES
    assert (first["nan"], first["big"]) == (None, 2**60)
    assert (second["later"], second["f"]) == (1, None)


def test_parquet(xt, values):
    xt("export", values, "out.parquet")
    frame = pd.read_parquet("out.parquet")
    assert (frame["f"][0], frame["b"][0], frame["s"][0]) == (0.1, True, VALUES["s"])
    assert json.loads(frame["l"][0]) == VALUES["l"]


def test_parquet_keeps_integers_and_booleans_with_missing_values_for_pandas(xt, tmp_path):
    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log({"i": 2**60 + 1, "b": True, "hash": 2**63, "whole": 1, "f": 0.5, "text": "x"})
        tracker.log({"whole": 2})
    xt("export", "v.db", "out.parquet")

    frame = pd.read_parquet("out.parquet")
    kinds = {"i": "Int64", "b": "boolean", "hash": "UInt64", "whole": "int64", "f": "float64"}
    assert {name: str(frame[name].dtype) for name in kinds} == kinds
    assert (frame["i"][0], frame["b"][0], frame["hash"][0]) == (2**60 + 1, True, 2**63)
    assert frame.isna().loc[1, ["i", "b", "hash", "f", "text"]].all()
    assert list(frame) == Reader("v.db").columns
    assert frame.index.tolist() == [0, 1]
    assert str(Reader("v.db").to_arrow().to_pandas()["i"].dtype) == "Int64"


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.parquet", "rows.xlsx"])
def test_a_folder_that_does_not_exist_is_named(xt, values, name):
    done = xt("export", values, f"missing/{name}")

    assert done.code != 0
    assert "the folder missing does not exist. Create it first." in done.err
    assert ".part" not in done.err


def test_excel(xt, values):
    openpyxl = pytest.importorskip("openpyxl")
    xt("export", values, "out.xlsx")
    head, first, _ = openpyxl.load_workbook("out.xlsx").active.iter_rows()
    row = {name.value: cell for name, cell in zip(head, first, strict=True)}
    assert (row["f"].value, row["i"].value, row["b"].value, row["none"].value) == (0.1, 7, True, None)
    assert (row["=formula"].value, row["=formula"].data_type) == ("=1+1", "s")
    assert (row["nan"].value, row["big"].value) == ("nan", str(2**60))


def test_excel_refuses_what_a_cell_would_cut_off(xt, tmp_path):
    pytest.importorskip("openpyxl")
    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log({"text": "x" * 40_000})
    done = xt("export", "v.db", "out.xlsx")
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert not list(tmp_path.glob("*.xlsx"))
    assert not list(tmp_path.glob(".*"))


def test_one_run(xt, values):
    assert xt("export", values, "out.csv", "--track-id", "other-run-0002").out == "1 row written to out.csv\n"
    assert pd.read_csv("out.csv")["track_id"].tolist() == ["other-run-0002"]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_many_rows_in_their_order(tmp_path, ending):
    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log_batch([{"x": float(number)} for number in range(25_000)])
    assert run(["export", "v.db", f"out.{ending}"]) == 0
    read = {"csv": pd.read_csv, "jsonl": lambda path: pd.read_json(path, lines=True), "parquet": pd.read_parquet}
    frame = read[ending](f"out.{ending}")
    assert frame["x"].tolist() == [float(number) for number in range(25_000)]


def test_nan_and_none_stay_apart_in_csv(xt, tmp_path):
    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log_batch([{"x": 1.5}, {"x": math.nan}, {"x": None}])
    xt("export", "v.db", "out.csv")
    lines = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    assert [line.rpartition(",")[2] for line in lines] == ["x", "1.5", "nan", ""]


def test_a_file_is_replaced_only_when_all_is_written(xt, values, tmp_path, monkeypatch):
    (tmp_path / "out.parquet").write_text("as it was")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("xetrack_cli.commands.export.write_parquet", fail)
    done = xt("export", values, "out.parquet")
    assert (done.code, done.err) == (1, "xt: No space left on device\n")
    assert (tmp_path / "out.parquet").read_text() == "as it was"


def test_what_cannot_be_written_is_told(xt, db, tmp_path):
    assert "Use .csv, .jsonl, .parquet or .xlsx" in xt("export", db, "out.txt").err
    assert "Missing FILE" in xt("export", db).err
    (tmp_path / "folder.csv").mkdir()
    assert "is a folder" in xt("export", db, "folder.csv").err
    assert "the folder nowhere does not exist" in xt("export", db, "nowhere/out.csv").err
