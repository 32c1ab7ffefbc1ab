"""The examples run as a newcomer would run them."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest

from xetrack import Reader

ROOT = Path(__file__).parents[1]
DISTRIBUTIONS = {"sklearn": "scikit-learn"}
"""What brings a module of another name."""


def run(name, *arguments):
    """What an example prints."""
    command = [sys.executable, ROOT / "examples" / name, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.examples
def test_the_quickstart_tracks_a_real_experiment_end_to_end(tmp_path):
    db = tmp_path / "digits.db"
    out = run("quickstart.py", db)
    assert "leaderboard" in out
    next_command = shlex.split(out.splitlines()[-1].partition("terminal: ")[2])
    shown = subprocess.run(next_command, capture_output=True, text=True, check=True).stdout
    assert "extra trees" in shown
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


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.stem)
def test_an_example_brings_its_own_environment_so_that_uv_leaves_the_lock_alone(path):
    source = path.read_text(encoding="utf-8")
    [block] = re.findall(r"^# /// script\n((?:#.*\n)+)# ///$", source, re.MULTILINE)
    declared = tomllib.loads(re.sub("^# ?", "", block, flags=re.MULTILINE))

    brought = {re.split(r"[\[><=]", each)[0] for each in declared["dependencies"]}
    modules = {name.split(".")[0] for name in re.findall(r"^(?:from|import) (\S+)", source, re.MULTILINE)}
    assert {DISTRIBUTIONS.get(name, name) for name in modules - sys.stdlib_module_names} == brought
    home = path.parent / declared["tool"]["uv"]["sources"]["xetrack"]["path"]
    assert (home / "pyproject.toml").is_file()
    assert f"uv run examples/{path.name}" in source


@pytest.mark.examples
@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.stem)
def test_an_example_explains_itself_and_does_nothing_when_asked_for_help(path, tmp_path):
    done = subprocess.run([sys.executable, path, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert f"uv run examples/{path.name}" in done.stdout
    assert not list(tmp_path.iterdir())


def test_every_example_is_in_the_readme_of_the_examples():
    examples = ROOT / "examples"
    there = {path.name for kind in ("*.py", "*.ipynb") for path in examples.glob(kind)}
    there |= {f"plugins/{path.parent.name}" for path in examples.glob("plugins/*/pyproject.toml")}
    told = set(re.findall(r"\]\(([^)]+)\)", (examples / "README.md").read_text(encoding="utf-8")))
    assert told == there


def test_the_readme_names_the_commands_that_ci_runs():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "pip install uv && uv run examples/quickstart.py" in readme
    assert "pip install uv && uv run pytest" in readme
    assert "uv run pytest" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
