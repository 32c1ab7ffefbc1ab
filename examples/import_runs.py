# /// script
# requires-python = ">=3.11"
# dependencies = ["xetrack"]
#
# [tool.uv.sources]
# xetrack = { path = "../packages/xetrack" }
# ///
"""Import runs of MLflow, trackio or Weights & Biases into a xetrack database. Needs none of them installed.

    uv run examples/import_runs.py mlflow mlflow.db all.db
    uv run examples/import_runs.py trackio ~/.cache/huggingface/trackio/PROJECT.db all.db
    uv run examples/import_runs.py wandb runs.jsonl all.db      # see docs/migration.md for runs.jsonl

Imports params, metrics, steps, times and status. Models and other files stay where they are. Runs that are
already there are skipped, so you can repeat the import.
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
NO_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}  # JSON has no such numbers
ENDED = {"FINISHED": "finished", "finished": "finished", "RUNNING": "running", "running": "running"}


def keep(db, run_id, params, rows, *, status="finished", started=None, ended=None):
    """Store a run with its original times, unless it is already there. Return the number of new rows."""
    with Tracker(db, track_id=run_id) as tracker:  # logs nothing itself, so it leaves no trace
        if len(tracker):
            return 0
        params = {key: stored(value) for key, value in params.items() if key not in RESERVED}
        rows = rows or [{"timestamp": started}]  # a run without metrics still has its params
        rows = [{**params, **row, "track_id": run_id} for row in rows]
        run = Run(run_id, "events", started or rows[0]["timestamp"], status=status, params=params)
        with tracker.engine.transaction():
            tracker.engine.save_run(run)
            tracker.engine.append("events", rows)  # separates rows with equal times
            run.ended = ended or rows[-1]["timestamp"]
            if status != "running":
                tracker.engine.finish_run(run)
        return len(rows)


def stored(value):
    """Convert a JSON value to the form that a xetrack database stores."""
    if isinstance(value, (list, dict)):
        return Json(json.dumps(value, ensure_ascii=False))
    return NO_NUMBERS.get(value, value) if isinstance(value, str) else value


def metrics_of(logged):
    """Return the metrics of one log call. Rename keys that xetrack reserves, and drop those that begin with _."""
    return {
        f"{key}_" if key in RESERVED else key: stored(value) for key, value in logged.items() if not key.startswith("_")
    }


def local(time):
    """Convert Unix seconds or an ISO 8601 text to the local time of a row. None stays None."""
    if time is None:
        return None
    seconds = datetime.fromisoformat(time).timestamp() if isinstance(time, str) else time
    return datetime.fromtimestamp(seconds).isoformat(" ", "microseconds")  # noqa: DTZ006 - rows have local times


def opened(path):
    """Open the database of another tracker, read-only."""
    return closing(sqlite3.connect(f"{Path(path).expanduser().resolve().as_uri()}?mode=ro", uri=True))


def from_mlflow(path):
    """Yield every run that was not deleted."""
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
    """Return the params, and the tags that users set."""
    params = source.execute("SELECT key, value FROM params WHERE run_uuid = ?", (run_id,))
    tags = source.execute("SELECT key, value FROM tags WHERE run_uuid = ? AND key NOT LIKE 'mlflow.%'", (run_id,))
    return {**dict(tags), **{key: python_of(value) for key, value in params}}


def mlflow_rows(source, run_id):
    """Return rows. MLflow stores one row per value, so consecutive values of one step are merged."""
    query = "SELECT key, value, is_nan, step, timestamp FROM metrics WHERE run_uuid = ? ORDER BY timestamp, step, key"
    rows = []
    for key, value, is_nan, step, time in source.execute(query, (run_id,)):
        if not rows or rows[-1]["step"] != step or key in rows[-1]:
            rows.append({"timestamp": local(time / 1000), "step": step})
        rows[-1] |= metrics_of({key: mlflow_number(value, is_nan)})
    return rows


def mlflow_number(value, is_nan):
    """Decode a number. MLflow stores NaN as 0 with a flag, and infinity as the largest float."""
    if is_nan:
        return math.nan
    return math.copysign(math.inf, value) if abs(value) == sys.float_info.max else value


def python_of(text):
    """Convert a param, which MLflow always stores as text, to a number or bool if it was one."""
    with suppress(ValueError, SyntaxError):
        value = ast.literal_eval(text)
        if isinstance(value, (bool, int, float)):
            return value
    return text


def from_trackio(path):
    """Yield every run of a project. trackio does not record whether a run has ended."""
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
    """Yield every run of a JSONL file, one per line. Values that only the summary has go into every row."""
    with Path(path).open(encoding="utf-8") as lines:
        for run in map(json.loads, lines):
            logged = {key for row in run["history"] for key in row}
            summary = {key: value for key, value in metrics_of(run["summary"]).items() if key not in logged}
            rows = [
                {"timestamp": local(row["_timestamp"]), "step": row["_step"], **metrics_of(row), **summary}
                for row in run["history"]
            ]
            details = {"status": ENDED.get(run["state"], "failed"), "started": local(run["created_at"])}
            yield run["id"], {"name": run["name"], **run["config"]}, rows, details


SOURCES = {"mlflow": from_mlflow, "trackio": from_trackio, "wandb": from_wandb}


def main(kind, source, db):
    """Import all runs, and print the number of new rows of each."""
    for run_id, params, rows, details in SOURCES[kind](source):
        print(f"{run_id}: {keep(db, run_id, params, rows, **details)} new rows")


if __name__ == "__main__":
    if {"-h", "--help"} & set(sys.argv):
        print(__doc__)
        sys.exit()
    if len(sys.argv) != 4 or sys.argv[1] not in SOURCES:
        sys.exit(__doc__)
    main(*sys.argv[1:])
