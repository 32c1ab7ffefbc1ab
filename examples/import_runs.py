# /// script
# requires-python = ">=3.11"
# dependencies = ["xetrack"]
#
# [tool.uv.sources]
# xetrack = { path = "../packages/xetrack" }
# ///
"""Bring runs of MLflow, trackio or Weights & Biases into a xetrack database. Needs none of them installed.

    uv run examples/import_runs.py mlflow mlflow.db all.db
    uv run examples/import_runs.py trackio ~/.cache/huggingface/trackio/PROJECT.db all.db
    uv run examples/import_runs.py wandb runs.jsonl all.db      # docs/migration.md tells how to make runs.jsonl

Params, metrics, steps, times and how each run ended come along; models and other files stay where they are. A run that
is there already is left alone, so that this may be repeated.
"""

import ast
import json
import math
import sqlite3
import sys
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

from xetrack import Tracker
from xetrack.plugin import Json, Run

RESERVED = {"timestamp", "track_id", "xetrack_extra"}
NO_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}  # as JSON has it that has no such numbers
ENDED = {"FINISHED": "finished", "finished": "finished", "RUNNING": "running", "running": "running"}


def keep(db, run_id, params, rows, *, status="finished", started=None, ended=None):
    """Store a run with its own times, unless it is there; tell how many rows it has."""
    with Tracker(db, track_id=run_id) as tracker:  # logs nothing by itself, and so leaves no trace of its own
        if len(tracker):
            return 0
        params = {key: stored(value) for key, value in params.items() if key not in RESERVED}
        rows = rows or [{"timestamp": started}]  # of a run without metrics, its params
        rows = [{**params, **row, "track_id": run_id} for row in rows]
        run = Run(run_id, "events", started or rows[0]["timestamp"], status=status, params=params)
        with tracker.engine.transaction():
            tracker.engine.save_run(run)
            tracker.engine.append("events", rows)  # moves rows of one time apart
            run.ended = ended or rows[-1]["timestamp"]
            if status != "running":
                tracker.engine.finish_run(run)
        return len(rows)


def stored(value):
    """A value from JSON as a database of xetrack keeps it."""
    if isinstance(value, (list, dict)):
        return Json(json.dumps(value, ensure_ascii=False))
    return NO_NUMBERS.get(value, value) if isinstance(value, str) else value


def metrics_of(logged):
    """What was logged in one go, without the names that xetrack keeps for itself and those that begin with _."""
    return {
        f"{key}_" if key in RESERVED else key: stored(value) for key, value in logged.items() if not key.startswith("_")
    }


def local(time):
    """Seconds since 1970, or a text in ISO 8601, as the local time of a row; None stays None."""
    if time is None:
        return None
    seconds = datetime.fromisoformat(time).timestamp() if isinstance(time, str) else time
    return datetime.fromtimestamp(seconds).isoformat(" ", "microseconds")  # noqa: DTZ006 - rows have local times


def opened(path):
    """A database of others, to read."""
    return closing(sqlite3.connect(f"{Path(path).expanduser().resolve().as_uri()}?mode=ro", uri=True))


def from_mlflow(path):
    """Every run that was not deleted."""
    with opened(path) as source:
        runs = source.execute(
            "SELECT run_uuid, runs.name, experiments.name, status, start_time, end_time FROM runs"
            " JOIN experiments USING (experiment_id) WHERE runs.lifecycle_stage = 'active' ORDER BY start_time"
        )
        for run_id, name, experiment, status, start, end in runs:
            times = {"started": local(start / 1000), "ended": end and local(end / 1000)}
            params = {"experiment": experiment, "name": name, **mlflow_params(source, run_id)}
            yield run_id, params, mlflow_rows(source, run_id), {"status": ENDED.get(status, "failed"), **times}


def mlflow_params(source, run_id):
    """Params, and the tags that are not MLflow's own."""
    params = source.execute("SELECT key, value FROM params WHERE run_uuid = ?", (run_id,))
    tags = source.execute("SELECT key, value FROM tags WHERE run_uuid = ? AND key NOT LIKE 'mlflow.%'", (run_id,))
    return {**dict(tags), **{key: python_of(value) for key, value in params}}


def mlflow_rows(source, run_id):
    """MLflow keeps a row a value: those of one step that follow each other are one of ours."""
    query = "SELECT key, value, is_nan, step, timestamp FROM metrics WHERE run_uuid = ? ORDER BY timestamp, step, key"
    rows = []
    for key, value, is_nan, step, time in source.execute(query, (run_id,)):
        if not rows or rows[-1]["step"] != step or key in rows[-1]:
            rows.append({"timestamp": local(time / 1000), "step": step})
        rows[-1] |= metrics_of({key: mlflow_number(value, is_nan)})
    return rows


def mlflow_number(value, is_nan):
    """MLflow keeps a NaN as 0 and a mark, and an infinity as the largest number."""
    if is_nan:
        return math.nan
    return math.copysign(math.inf, value) if abs(value) == sys.float_info.max else value


def python_of(text):
    """The number or truth value that a param of MLflow, always text, was; else the text."""
    with suppress(ValueError, SyntaxError):
        value = ast.literal_eval(text)
        if isinstance(value, (bool, int, float)):
            return value
    return text


def from_trackio(path):
    """Every run of a project. Whether a run has ended, trackio does not tell."""
    with opened(path) as source:
        for run_id, name, config, created in source.execute("SELECT run_id, run_name, config, created_at FROM configs"):
            params = {key: value for key, value in json.loads(config).items() if not key.startswith("_")}
            query = "SELECT timestamp, step, metrics FROM metrics WHERE run_id = ? ORDER BY id"
            rows = [
                {"timestamp": local(time), "step": step, **metrics_of(json.loads(text))}
                for time, step, text in source.execute(query, (run_id,))
            ]
            yield run_id, {"name": name, **params}, rows, {"started": None if rows else local(created)}


def from_wandb(path):
    """Every run of a file of ours, a line of JSON each. What is only in the summary goes into every row."""
    with Path(path).open(encoding="utf-8") as lines:
        for run in map(json.loads, lines):
            logged = {key for row in run["history"] for key in row}
            summary = {key: value for key, value in metrics_of(run["summary"]).items() if key not in logged}
            rows = [
                {"timestamp": local(row["_timestamp"]), "step": row["_step"], **metrics_of(row), **summary}
                for row in run["history"]
            ]
            told = {"status": ENDED.get(run["state"], "failed"), "started": local(run["created_at"])}
            yield run["id"], {"name": run["name"], **run["config"]}, rows, told


SOURCES = {"mlflow": from_mlflow, "trackio": from_trackio, "wandb": from_wandb}


def main(kind, source, db):
    """Import everything, and tell what came."""
    for run_id, params, rows, told in SOURCES[kind](source):
        print(f"{run_id}: {keep(db, run_id, params, rows, **told)} new rows")


if __name__ == "__main__":
    if {"-h", "--help"} & set(sys.argv):
        print(__doc__)
        sys.exit()
    if len(sys.argv) != 4 or sys.argv[1] not in SOURCES:
        sys.exit(__doc__)
    main(*sys.argv[1:])
