"""One object, one hash, in every process: what users define themselves included."""

import base64
import json
import os
import pickle
import random
import re
import subprocess
import sys
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from xetrack_assets import deterministic
from xetrack_assets.content import hash_of

SOURCE = Path(__file__).with_name("kinds_of_code.py").read_text(encoding="utf-8")
CELLS = SOURCE.split("\n# %%\n")

# How the kinds are defined, and what is told of each: its pickle, its probe and what that says.
TELL = """
import base64 as _b64, json as _json, sys as _sys
import cloudpickle as _cloudpickle
from xetrack_assets.deterministic import dumps as _dumps, loads as _loads
def _tell(name, value, probe):
    text = lambda data: _b64.b64encode(data).decode()
    data = text(_dumps(value))
    again = text(_dumps(_loads(_b64.b64decode(data))))
    return {"data": data, "again": again, "probe": text(_cloudpickle.dumps(probe)), "says": _json.dumps(probe(value))}
def _tell_all(kinds):
    return {name: _tell(name, *each) for name, each in kinds.items()}
if __name__ == "__main__":
    print(_json.dumps(_tell_all(KINDS)))
"""
CELLWISE = """
import json, sys
cells, tell = json.load(sys.stdin)
for number, cell in enumerate(cells):
    filename = f"<ipython-input-{number}-{hash(cell) % 997:x}>"
    exec(compile("\\n" * (number % 3) + cell, filename, "exec"), globals())
exec(tell, globals())
"""
AGAIN = """
import base64, json, os, pickle, sys, traceback
from xetrack_assets import deterministic
told = json.load(sys.stdin)
text = lambda data: base64.b64encode(data).decode()
def again(loads, each):
    value = loads(base64.b64decode(each["data"]))
    data = text(deterministic.dumps(value))
    return {"data": data, "says": json.dumps(pickle.loads(base64.b64decode(each["probe"]))(value))}
def alone(loads, each):
    read, write = os.pipe()
    if not os.fork():
        try:
            with open(write, "w") as pipe:
                json.dump(again(loads, each), pipe)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(write)
    with open(read) as pipe:
        found = json.load(pipe)
    os.wait()
    return found
by_us = {name: alone(deterministic.loads, each) for name, each in told.items()}
by_pickle = {name: alone(pickle.loads, each) for name, each in told.items()}
print(json.dumps([by_us, by_pickle]))
"""
SEED = random.SystemRandom().randrange(2**32)


def run(script, *arguments, stdin="", seed=0, **environment):
    """What a Python process prints as JSON."""
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), **environment}
    command = [sys.executable, *map(str, arguments), *([] if script is None else ["-c", script])]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, f"PYTHONHASHSEED={seed}: {done.stderr}"
    return json.loads(done.stdout.splitlines()[-1])


def run_file(folder, name, source=SOURCE, seed=0):
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(source + TELL, encoding="utf-8")
    return run(None, path, seed=seed)


def run_cells(cells=CELLS, seed=0):
    return run(CELLWISE, stdin=json.dumps([cells, TELL]), seed=seed)


def data_of(told):
    return {name: each["data"] for name, each in told.items()}


def differing(told, other):
    return [name for name in told if told[name]["data"] != other[name]["data"]]


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """What the kinds are in a script."""
    return run_file(tmp_path_factory.mktemp("script"), "train.py", seed=0)


@pytest.mark.parametrize("seed", [1, 2, 3, SEED])
def test_another_process_makes_the_same_bytes(script, seed, tmp_path):
    assert differing(script, run_file(tmp_path, "train.py", seed=seed)) == []
