"""One object, one hash, in every process: what users define themselves included."""

import concurrent.futures.process
import concurrent.futures.thread
import json
import os
import pickle
import random
import re
import subprocess
import sys
import tracemalloc
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from xetrack_assets import deterministic

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
import base64, gc, json, os, pickle, sys, traceback
from xetrack_assets import deterministic
gc.disable()  # an abstract class holds the classes that are registered with it weakly: they would be collected
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


def test_there_is_no_kind_that_is_not_told(script):
    assert len(script) == SOURCE.count("\nKINDS[") > 50


@pytest.mark.parametrize("seed", [1, pytest.param(SEED, marks=pytest.mark.hashes)], ids=["1", "random"])
def test_another_process_makes_the_same_bytes(script, seed, tmp_path):
    assert differing(script, run_file(tmp_path, "train.py", seed=seed)) == []


@pytest.mark.hashes
def test_code_that_stands_elsewhere_makes_the_same_bytes(script, tmp_path):
    moved = "# a comment\n\n\n" + SOURCE.replace("\n# %%\n", "\n# moved by a line\n\n")
    assert differing(script, run_file(tmp_path / "folder", "fit.py", moved, seed=4)) == []


# Python compiles `np.mean()` in another way where `import numpy as np` is in the same file or cell
CALLS_MODULES = {"function with globals", "estimator", "steps"}


@pytest.mark.hashes
def test_cells_of_a_notebook_make_the_same_bytes(script):
    cells = run_cells(seed=5)
    assert set(differing(script, cells)) <= CALLS_MODULES
    assert differing(cells, run_cells(["x = 1", *CELLS], seed=6)) == []


# What is kept of a function is a copy of it, so an object that holds one holds another function than its class then
HOLDS_FUNCTIONS = {"dataclass", "function with globals", "steps"}
# Python 3.11 has two strings "C", and scikit-learn and NumPy may have one each
TWO_STRINGS = {"subclass of a model"}
if sys.version_info >= (3, 12):
    TWO_STRINGS |= {"protocol"}  # typing looks again at a protocol that is loaded, and notes other things of it


@pytest.mark.hashes
def test_what_was_loaded_makes_the_same_bytes(script):
    assert {name for name, each in script.items() if each["data"] != each["again"]} <= HOLDS_FUNCTIONS | TWO_STRINGS
    for again in run(AGAIN, stdin=json.dumps(script), seed=7):
        assert set(differing(script, again)) <= TWO_STRINGS
        assert {name: each["says"] for name, each in again.items()} == {n: each["says"] for n, each in script.items()}


CHANGES = {
    "instance": ('kernel = "linear"', 'kernel = "cubic"'),
    "class": ("each * self.rate * LIMIT", "each + self.rate * LIMIT"),
    "subclass": ("return x + 1", "return x + 2"),
    "dataclass": ('optimizer: str = "adam"', 'optimizer: str = "sgd"'),
    "enum member": ('RED = "red"', 'RED = "rot"'),
    "function": ("factor=2", "factor=3"),
    "function with globals": ('WORDS = {"the", ', 'WORDS = {"a word", '),
    "recursive function": ("n < 2", "n < 3"),
    "mutual recursion": ("n == 0 or", "n < 1 or"),
    "lambda": ('{"radial", "linear", "cubic"} or', '{"radial", "linear"} or'),
    "closure": ("adder(5), lambda", "adder(6), lambda"),
    "local class": ("width = size", "width = size + 1"),
    "metaclass": ("from the metaclass", "from a metaclass"),
    "generic": ("bound=Model", "bound=int"),
    "estimator": ("features - self", "features + self"),
}


@pytest.mark.hashes
def test_a_change_makes_other_bytes(script, tmp_path):
    source = SOURCE
    for old, new in CHANGES.values():
        assert old in source
        source = source.replace(old, new)
    assert set(CHANGES) <= set(differing(script, run_file(tmp_path, "train.py", source)))


def test_a_worker_of_multiprocessing_makes_the_same_bytes_which_its_parent_can_load(tmp_path):
    source = """
import multiprocessing, sys, typing
from xetrack_assets.deterministic import dumps, loads
Item = typing.TypeVar("Item")
class Model(typing.Generic[Item]):
    def fit(self):
        return helper(1), __name__
def helper(x):
    return x + 1
def work(_):
    return [dumps(Model()), dumps(helper), dumps(Model)]
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        [theirs] = pool.map(work, [0])
    model, function, kind = map(loads, theirs)
    print([int(theirs == work(0)), int(type(model) is Model is kind), function(1)])
"""
    (tmp_path / "train.py").write_text(source)
    assert run(None, tmp_path / "train.py") == [1, 1, 2]


# Loading, in the process that has the class


class Counter:
    made = 0

    def __init__(self):
        type(self).made += 1

    def limit(self):
        return LIMIT


Counter.__module__ = "__main__"  # as if it were the script's
LIMIT = 3


def test_an_object_gets_the_class_of_its_process_which_stays_as_it_is(monkeypatch):
    data, limit = deterministic.dumps(Counter()), Counter.limit
    Counter()
    made = Counter.made
    monkeypatch.setitem(globals(), "LIMIT", 4)
    back = deterministic.loads(data)
    assert type(back) is Counter
    assert Counter.made == made
    assert Counter.limit is limit
    assert back.limit() == 4


def test_a_process_that_never_logged_a_class_has_it_all_the_same(script, tmp_path):
    ask = """
print(_json.dumps([type(_loads(_b64.b64decode(data))) is Model for data in _json.load(_sys.stdin)]))
"""
    path = tmp_path / "again.py"
    source = re.sub("from sklearn.*", "", SOURCE.partition("\n# %%\nclass Estimator")[0])
    path.write_text(source + TELL.partition("if __name__")[0] + ask)
    assert run(None, path, stdin=json.dumps([script["instance"]["data"], script["slots"]["data"]])) == [True, False]
    path.write_text(source.replace("LIMIT = 3", "LIMIT = 4") + TELL.partition("if __name__")[0] + ask)
    assert run(None, path, stdin=json.dumps([script["instance"]["data"]])) == [False]


def test_a_cell_that_runs_again_is_the_class_that_objects_get():
    cell = "class Model:\n    rate = 1\n"
    first, second = {"__name__": "__main__"}, {"__name__": "__main__"}
    exec(cell, first)  # noqa: S102 - ours
    data = deterministic.dumps(first["Model"]())
    exec(cell, second)  # noqa: S102 - ours
    assert deterministic.dumps(second["Model"]()) == data
    assert type(deterministic.loads(data)) is second["Model"]


def test_the_tracker_of_cloudpickle_stays_as_it_is():
    class Local:
        pass

    theirs = cloudpickle.dumps(Local())
    deterministic.loads(deterministic.dumps(Local()))
    assert cloudpickle.dumps(Local()) == theirs
    assert type(pickle.loads(theirs)) is Local  # noqa: S301 - our own


def test_a_look_at_the_annotations_of_a_class_changes_nothing():
    class Local:
        pass

    data = deterministic.dumps(Local)
    assert Local.__annotations__ == {}
    assert deterministic.dumps(Local) == data


TEXT = "a text that code and data may share"


def with_default(text=TEXT, also=len):  # beside a function, the text is not in a tuple of constants
    return text, also


def in_a_cell(text):
    return lambda: text


def with_a_module():
    return json.dumps(TEXT)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (lambda: with_default, TEXT),
        (lambda: with_a_module, TEXT),
        (lambda: with_a_module, json.__name__),
        (lambda: in_a_cell(TEXT), TEXT),
        (lambda: type("Local", (), {"title": TEXT}), TEXT),
    ],
    ids=["default", "global", "module", "cell", "attribute"],
)
def test_whether_code_and_data_share_a_string_makes_no_difference(monkeypatch, code, text):
    for function in (with_default, with_a_module, in_a_cell):
        monkeypatch.setattr(function, "__module__", "__main__")
    equal = "".join(list(text))
    assert equal is not text
    assert deterministic.dumps([code(), text]) == deterministic.dumps([code(), equal])


def test_the_order_in_which_modules_were_imported_makes_no_difference(monkeypatch):
    def submodules():
        return concurrent.futures.thread, concurrent.futures.process

    data = deterministic.dumps(submodules)
    names = [name for name in sys.modules if name in ("concurrent.futures.thread", "concurrent.futures.process")]
    modules = {name: sys.modules[name] for name in reversed(names)}
    for name, module in modules.items():
        monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, name, module)
    assert deterministic.dumps(submodules) == data


# What is not touched


def test_pickles_of_what_can_be_imported_are_those_of_cloudpickle():
    fitted = LogisticRegression().fit(np.arange(8.0).reshape(4, 2), [0, 0, 1, 1])
    for value in [
        fitted,
        {"a": np.arange(3), "b": [fitted]},
        range(3),
        {"a", 1},
        Path("x"),
        LogisticRegression,
        re.sub,
    ]:
        assert deterministic.dumps(value) == cloudpickle.dumps(value, protocol=5)


def test_a_set_that_code_shares_with_data_stays_one_set():
    names = {"alpha", "beta"}

    def add(name):
        names.add(name)

    names_again, add_again = deterministic.loads(deterministic.dumps([names, add]))
    add_again("gamma")
    assert names_again == {"alpha", "beta", "gamma"}


def test_functions_that_share_a_closure_cell_make_the_same_bytes_when_loaded():
    total = 0

    def add(amount):
        nonlocal total
        total += amount

    def read():
        return total

    data = deterministic.dumps([add, read])
    assert deterministic.dumps(deterministic.loads(data)) == data


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_loading_long_data_does_not_copy_it(kind):
    size = 16 * 2**20
    data = kind(deterministic.dumps([bytes(size)]))
    tracemalloc.start()
    try:
        value = deterministic.loads(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(value[0]) == size
    assert size <= peak < 1.5 * size


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_is_loaded(kind):
    value = [np.arange(100_000), b"x" * 200_000, {"a": 1}, lambda: 1]
    back = deterministic.loads(kind(deterministic.dumps(value)))
    assert np.array_equal(back[0], value[0])
    assert back[1:3] == value[1:3]
    assert back[3]() == 1


def test_a_function_that_raises_tells_its_lines():
    def raises():
        x = 0
        return 1 / x

    with pytest.raises(ZeroDivisionError) as caught:
        deterministic.loads(deterministic.dumps(raises))()
    assert [(each.path, each.lineno + 1) for each in caught.traceback][-1] == ("<logged with xetrack>", 3)


def test_this_cloudpickle_is_understood(monkeypatch):
    """If this fails, a new cloudpickle builds its pickles otherwise: equal objects get different hashes again."""
    monkeypatch.setattr(cloudpickle, "dumps", None)
    assert deterministic.dumps(Counter)


def test_a_cloudpickle_that_is_not_understood_pickles_by_itself(monkeypatch):
    class Local:
        x = 1

    monkeypatch.setattr(deterministic.cloudpickle.Pickler, "reducer_override", lambda self, obj: (dict, (1, 2, 3)))
    with pytest.raises(deterministic._UnfamiliarError):
        deterministic._dumps(Local)
    monkeypatch.undo()
    monkeypatch.setattr(deterministic, "_dumps", lambda value: (_ for _ in ()).throw(deterministic._UnfamiliarError))
    assert deterministic.loads(deterministic.dumps(Local())).x == 1


def test_one_object_has_one_hash_in_the_store(tmp_path):
    source = """
import sys
from xetrack import Tracker
class Model:
    kinds = {"alpha", "beta", "gamma"}
with Tracker("track.db") as tracker:
    row = tracker.log({"model": Model(), "key": lambda x: x})
    print([len(tracker.assets), int(type(tracker.get(row["model"])) is Model)])
"""
    (tmp_path / "train.py").write_text(source)
    env = {**os.environ, "PYTHONHASHSEED": "random"}
    for _ in range(3):
        command = [sys.executable, "train.py"]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert done.stdout == "[2, 1]\n", done.stderr
