"""The examples run as a newcomer would run them."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from xetrack import Reader

ROOT = Path(__file__).parents[1]


def run(name, *arguments):
    """What an example prints."""
    command = [sys.executable, ROOT / "examples" / name, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.examples
def test_the_quickstart_tracks_a_real_experiment_end_to_end(tmp_path):
    db = tmp_path / "digits.db"
    assert "leaderboard" in run("quickstart.py", db)
    runs = Reader(db).runs()
    assert len(runs) == 18
    assert set(runs["status"]) == {"finished"}
    assert runs["test_accuracy"].min() > 0.85
    rows = Reader(db).to_df()
    assert len(rows) == 54
    assert rows.groupby("track_id")["test_accuracy"].nunique().eq(1).all()  # set back in time, in every row


@pytest.mark.examples
def test_the_sweep_logs_every_run_of_every_process_the_failed_ones_too(tmp_path):
    db = tmp_path / "sweep.db"
    assert "3 runs failed: InvalidParameterError: The 'C' parameter" in run("sweep.py", db)
    runs = Reader(db).runs()
    assert runs["status"].value_counts().to_dict() == {"finished": 12, "failed": 3}
    assert (runs.loc[runs["status"] == "finished", "rows"] == 5).all()
    assert Reader(db).to_df()["accuracy"].max() > 0.95


@pytest.mark.examples
def test_the_compression_benchmark_measures_time_size_and_peak(tmp_path):
    db = tmp_path / "compression.db"
    assert "peak_added_mib" in run("compression.py", db)
    calls = Reader(db).to_df()
    assert calls["compressor"].value_counts().to_dict() == {"zlib": 3, "bz2": 3, "lzma": 3}
    assert (calls["bytes_out"] < calls["bytes_in"] / 3).all()
    assert {"function_time", "peak_memory_mb", "added_memory_mb"} <= set(calls)


@pytest.mark.examples
def test_the_drift_check_finds_the_broken_instrument_and_nothing_else(tmp_path):
    run("drift.py", tmp_path)
    checks = Reader(tmp_path / "checks.db").to_df()
    assert checks["alarms"].tolist() == [[], [], [], [], ["proline"], ["proline"]]


def test_the_dataset_is_json_lines_for_anybody(tmp_path):
    out = run("dataset.py", tmp_path)
    [(training, testing)] = re.findall(r"(\d+) lines in train.jsonl, (\d+) in test.jsonl", out)
    for name, lines in (("train", training), ("test", testing)):
        assert len((tmp_path / f"{name}.jsonl").read_text().splitlines()) == int(lines) > 5
    assert len(Reader.read_jsonl(tmp_path / "dataset.jsonl")) == len(Reader(tmp_path / "dataset.db"))


@pytest.mark.examples
def test_the_cached_calls_are_computed_once_by_whichever_process_comes_first(tmp_path):
    assert "12 calls: 4 computed, 8 from the cache" in run("cached.py", tmp_path)


@pytest.mark.examples
def test_the_analysis_joins_the_database_with_a_parquet_file(tmp_path):
    out = run("analysis.py", tmp_path)
    assert re.search(r"ridge +60 +90 ", out)
    assert len(Reader(tmp_path / "predictions.db")) == 2 * 442


@pytest.mark.examples
def test_the_notebook_runs_from_top_to_bottom_and_shows_tables(tmp_path):
    source, target = ROOT / "examples" / "notebook.ipynb", tmp_path / "notebook.ipynb"
    subprocess.run([sys.executable, ROOT / "scripts" / "run_notebook.py", source, target], cwd=tmp_path, check=True)
    for committed, fresh in zip(cells(source), cells(target), strict=True):
        assert [sorted(output.get("data", {})) for output in fresh.outputs] == [
            sorted(output.get("data", {})) for output in committed.outputs
        ]
    assert sum("text/html" in output.data for cell in cells(target) for output in cell.outputs) == 4


def cells(path):
    """The cells of code of a notebook."""
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_every_example_is_in_the_readme_of_the_examples():
    examples = ROOT / "examples"
    there = {path.name for kind in ("*.py", "*.ipynb") for path in examples.glob(kind)}
    there |= {f"plugins/{path.parent.name}" for path in examples.glob("plugins/*/pyproject.toml")}
    told = set(re.findall(r"\]\(([^)]+)\)", (examples / "README.md").read_text(encoding="utf-8")))
    assert told == there


def test_the_readme_names_the_commands_that_ci_runs():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "pip install uv && uv run python examples/quickstart.py" in readme
    assert "pip install uv && uv run pytest" in readme
    assert "uv run pytest" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
