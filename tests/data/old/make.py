"""Makes the files beside it. Run with a real release of xetrack 0.x, in an environment of its own:

    uv run --no-project --with "xetrack[assets,cache]==0.7.*" --with pandas python tests/data/old/make.py FOLDER sqlite

`FOLDER/VERSION-ENGINE.db` is the database, `.json` beside it what that release reads from it, and `-cache` the folder
of its cached calls. The engine `duckdb` of 0.x loads an extension from the network, or from DuckDB's folder at home.
"""

import json
import sys
import warnings
from datetime import timezone
from importlib.metadata import version
from pathlib import Path

from xetrack import Reader, Tracker

TABLES = ["default", "trials", "order"]
OBJECTS = {"thing": frozenset({1, 2, 3}), "zone": timezone.utc}  # noqa: UP017 - 0.x runs on old Pythons too


def add(first, second):
    return first + second


def make(path, cache, engine):
    first = Tracker(str(path), params={"model": "resnet18"}, track_id="first-run", cache=str(cache), engine=engine)
    first.log({"accuracy": 0.9, "epoch": 1, "ok": True, "note": "it's \N{SNOWMAN}", "sizes": [1, 2], "huge": 2**40})
    first.log({"accuracy": float("nan"), "epoch": 2, "ok": False, "missing": None, "raw": b"\x00\xff"})
    first.log({"thing": OBJECTS["thing"], "zone": OBJECTS["zone"]})
    first.log({"thing": OBJECTS["thing"]})
    first.log_batch([{"batch": number, "accuracy": number / 4} for number in range(3)])
    for _ in range(2):
        first.track(add, args=[1, 2])
    first.set_value("test_accuracy", 0.75)
    second = Tracker(str(path), params={"model": "xgboost"}, track_id="second-run", engine=engine)
    second.log({"accuracy": 0.5, "epoch": 1})
    second.set_where("note", "best", "epoch", 1)
    for table in TABLES[1:]:
        tracker = Tracker(str(path), params={"kind": table}, track_id=f"run-of-{table}", table=table, engine=engine)
        tracker.log({"x": 1})
        tracker.log({"x": 2.5, "text": "3"})
    return first._generate_cache_key(add, [1, 2], {}, {})


def told(value):
    """A cell as JSON has it: bytes by their digits, NaN as 0.x stores it, which is as nothing."""
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    return None if value != value else value


def read(path, cache, key, engine):
    tables = {}
    for table in TABLES:
        reader = Reader(str(path), engine=engine, table=table)
        cursor = reader.engine.conn.execute(f'SELECT * FROM "{table}"')
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, map(told, row), strict=True)) for row in cursor.fetchall()]
        assert len(reader.to_df()) == len(rows)
        tables[table] = [{name: value for name, value in row.items() if value is not None} for row in rows]
    cached = Reader.read_cache(str(cache), key)
    return {"tables": tables, "cached": cached if isinstance(cached, dict) else {"result": cached}}


def main():
    folder, engine = Path(sys.argv[1]), sys.argv[2]
    name = f"{version('xetrack')}-{engine}"
    path, cache = folder / f"{name}.db", folder / f"{name}-cache"
    key = make(path, cache, engine)
    (folder / f"{name}.json").write_text(json.dumps(read(path, cache, key, engine), indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
