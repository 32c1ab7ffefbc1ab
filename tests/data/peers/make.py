"""Makes the files beside it, with real releases of MLflow, trackio and wandb, each in an environment of its own:

    uv run --no-project --with mlflow python tests/data/peers/make.py mlflow
    uv run --no-project --with trackio python tests/data/peers/make.py trackio
    uv run --no-project --with wandb python tests/data/peers/make.py wandb

`mlflow.sql` and `trackio.sql` are the tables of their databases that hold runs. `wandb.jsonl` has the runs of wandb's
offline files in the shape in which docs/migration.md fetches them from its server.
"""

import json
import os
import sqlite3
import struct
import sys
import tempfile
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONFIGS = [{"lr": 0.1, "model": "resnet18"}, {"lr": 0.01, "model": "resnet18"}]


def train(lr, log):
    for step in range(3):
        log({"loss": 1 / (step + 1), "accuracy": 0.5 + step * lr, "undefined": float("nan")}, step=step)


def dump(db, tables, target):
    """The names and types of columns, and the rows, of some tables of a database, as SQL."""
    with closing(sqlite3.connect(db)) as source:
        lines = [f"-- made by {target.stem} {version(target.stem)}"]
        for table in tables:
            columns = [f"{name} {kind}" for _, name, kind, *_ in source.execute(f"PRAGMA table_info({table})")]
            lines.append(f"CREATE TABLE {table} ({', '.join(columns)});")
        inserts = tuple(f'INSERT INTO "{table}"' for table in tables)
        lines += [line for line in source.iterdump() if line.startswith(inserts)]
    target.write_text("\n".join([*lines, ""]), encoding="utf-8")


def make_mlflow():
    os.environ["MLFLOW_TRACKING_URI"] = "sqlite:///mlflow.db"
    import mlflow

    mlflow.set_experiment("digits")
    for number, config in enumerate(CONFIGS):
        with mlflow.start_run(run_name=f"run-{number}"):
            mlflow.log_params(config)
            mlflow.set_tag("team", "vision")
            train(config["lr"], mlflow.log_metrics)
            mlflow.log_metric("limit", float("-inf"), step=2)
            mlflow.log_metric("tries", 1)
            mlflow.log_metric("tries", 2)
    mlflow.start_run(run_name="broken")
    mlflow.log_param("lr", "high")
    mlflow.end_run("FAILED")
    with closing(sqlite3.connect("mlflow.db")) as db:
        db.execute("UPDATE runs SET artifact_uri = '', source_name = '', user_id = ''")
        db.execute("UPDATE experiments SET artifact_location = ''")
        db.execute("DELETE FROM tags WHERE key = 'mlflow.user'")
        db.commit()
    dump("mlflow.db", ["experiments", "runs", "metrics", "params", "tags"], HERE / "mlflow.sql")


def make_trackio():
    os.environ |= {"TRACKIO_DIR": "trackio", "HF_HUB_OFFLINE": "1"}
    import trackio

    for number, config in enumerate(CONFIGS):
        trackio.init(project="digits", name=f"run-{number}", config=config)
        train(config["lr"], trackio.log)
        trackio.log({"test_accuracy": 0.9, "sizes": {"a": 1}, "limit": float("-inf")}, step=10)
        trackio.finish()
    dump("trackio/digits.db", ["metrics", "configs"], HERE / "trackio.sql")


def make_wandb():
    os.environ |= {"WANDB_MODE": "offline", "WANDB_SILENT": "true"}
    import wandb

    for number, config in enumerate(CONFIGS):
        with wandb.init(project="digits", name=f"run-{number}", config=config) as run:
            train(config["lr"], run.log)
            run.summary["test_accuracy"] = 0.9
    runs = [told(path) for path in sorted(Path("wandb").glob("offline-run-*/*.wandb"))]
    (HERE / "wandb.jsonl").write_text("".join(json.dumps(run) + "\n" for run in runs), encoding="utf-8")


def told(path):
    """What wandb wrote of a run."""
    from wandb.proto.wandb_internal_pb2 import Record

    run = {"state": "finished", "config": {}, "summary": {}, "history": []}
    for data in records(path.read_bytes()):
        record = Record.FromString(data)
        if record.WhichOneof("record_type") == "run":
            run |= {"id": record.run.run_id, "name": record.run.display_name}
            run["created_at"] = record.run.start_time.ToDatetime().isoformat() + "Z"
            items = {item.key: json.loads(item.value_json) for item in record.run.config.update}
            run["config"] |= {key: value for key, value in items.items() if key != "_wandb"}
        elif record.WhichOneof("record_type") == "history":
            run["history"].append(members(record.history.item))
        elif record.WhichOneof("record_type") == "summary":
            run["summary"] |= members(record.summary.update)
    return run


def members(items):
    return {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in items}


def records(data):
    """The records of wandb's file: a head of 7 bytes, then blocks of 32 KiB in the log format of LevelDB."""
    place, record = 7, b""
    while place + 7 <= len(data):
        if (left := 2**15 - place % 2**15) < 7:
            place += left
            continue
        _, size, kind = struct.unpack("<IHB", data[place : place + 7])
        record += data[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in {1, 4}:  # whole, or the last part
            yield record
            record = b""


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        {"mlflow": make_mlflow, "trackio": make_trackio, "wandb": make_wandb}[sys.argv[1]]()
        os.chdir(HERE)
