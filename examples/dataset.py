# /// script
# requires-python = ">=3.11"
# dependencies = ["xetrack[duckdb]"]
#
# [tool.uv.sources]
# xetrack = { path = "../packages/xetrack" }
# ///
"""Collect a dataset for a language model as JSON Lines: docstrings as prompts, code as answers.

    uv run examples/dataset.py [FOLDER]

Data: the documented functions of Python's standard library. FOLDER defaults to a temporary one.
"""

import argparse
import importlib
import inspect
import sys
import tempfile
from pathlib import Path

from xetrack import Reader, Tracker

MODULES = ("ast", "difflib", "heapq", "inspect", "shutil", "statistics", "textwrap", "urllib.parse")


def functions(module):
    """Yield the documented functions of a module, with their source."""
    for name, member in inspect.getmembers(importlib.import_module(module), inspect.isfunction):
        if member.__module__ == module and member.__doc__ and not name.startswith("_"):
            yield name, inspect.cleandoc(member.__doc__), inspect.getsource(member)


def collect(folder, module):
    """Log one run per module. Each example is a JSON line, and a row in the database for SQL queries."""
    params = {"module": module, "python": sys.version.split()[0]}
    with Tracker(folder / "dataset.db", params=params, jsonl=folder / "dataset.jsonl") as tracker:
        for name, prompt, code in functions(module):
            messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": code}]
            tracker.log({"function": name, "messages": messages, "characters": len(code)})


def main(folder):
    """Collect, then read the file with pandas."""
    for module in MODULES:
        collect(folder, module)
    rows = Reader.read_jsonl(folder / "dataset.jsonl")
    rows["prompt"] = rows["messages"].map(lambda messages: messages[0]["content"])
    unique = rows.drop_duplicates("prompt")
    print(f"{len(rows)} examples, {len(unique)} with a unique prompt; by module:\n")
    print(unique.groupby("module")["characters"].agg(["count", "median", "max"]).to_string())

    held_out = unique.sample(frac=0.1, random_state=0)
    unique.drop(held_out.index)[["messages"]].to_json(folder / "train.jsonl", orient="records", lines=True)
    held_out[["messages"]].to_json(folder / "test.jsonl", orient="records", lines=True)
    print(f"\n{len(unique) - len(held_out)} lines in train.jsonl, {len(held_out)} in test.jsonl")
    reader = Reader(folder / "dataset.db")
    longest = reader.conn.execute("SELECT module, function, max(characters) FROM db.events").fetchone()
    print("longest:", *longest)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?")
    main(Path(parser.parse_args().folder or tempfile.mkdtemp()))
