"""mypy accepts correct plugins, and reports what is wrong with others."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.plugins

ROOT = Path(__file__).parents[1]

PRELUDE = """
from collections.abc import Mapping, Sequence
from typing import Any

from xetrack import Plugin, Provider, Tracker, hookimpl
from xetrack.plugin import Context, Monitor, RunInfo, Sink, Value


class Printer:
    def emit(self, row: Mapping[str, Value]) -> None:
        print(dict(row))

    def flush(self) -> None: ...

    def close(self) -> None: ...


class Watch:
    def start(self) -> None: ...

    def stop(self) -> Mapping[str, Any]:
        return {"seconds": 0.0}


def open_printer(options: None, context: Context) -> Sink:
    return Printer()


def open_watch(options: None, context: Context) -> Monitor:
    return Watch()
"""

RIGHT = """
class Right(Plugin):
    def xetrack_sinks(self) -> Sequence[Provider[Sink]]:
        return [Provider("printer", open_printer)]

    @hookimpl
    def xetrack_monitors(self) -> list[Provider[Watch]]:
        return [Provider("watch", lambda options, context: Watch())]

    def xetrack_run_started(self, run: RunInfo) -> None:
        print(run.track_id)
"""

WRONG = {
    "what a hook returns": (
        "def xetrack_sinks(self) -> Sequence[Sink]: return [Printer()]",
        'Return type "Sequence[Sink]" of "xetrack_sinks" incompatible with return type "Sequence[Provider[Sink]]"',
    ),
    "providers of another kind": (
        'def xetrack_sinks(self) -> list[Provider[Monitor]]: return [Provider("watch", open_watch)]',
        'Return type "list[Provider[Monitor]]" of "xetrack_sinks" incompatible',
    ),
    "an argument too many": (
        "def xetrack_sinks(self, tracker: Tracker) -> Sequence[Provider[Sink]]: return []",
        'Signature of "xetrack_sinks" incompatible with supertype "xetrack._spec.hooks.Plugin"',
    ),
    "an argument left out": (
        "def xetrack_run_finished(self, run: RunInfo) -> None: ...",
        'Signature of "xetrack_run_finished" incompatible with supertype "xetrack._spec.hooks.Plugin"',
    ),
    "an argument of another type": (
        "def xetrack_run_started(self, run: str) -> None: ...",
        'Argument 1 of "xetrack_run_started" is incompatible',
    ),
    "a sink that lacks a method": (
        'def xetrack_sinks(self) -> Sequence[Provider[Sink]]: return [Provider[Sink]("w", lambda _, __: Watch())]',
        'Incompatible return value type (got "Watch", expected "Sink | None")',
    ),
}


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """The output of mypy for each file, run once."""
    folder = tmp_path_factory.mktemp("typed")
    (folder / "right.py").write_text(PRELUDE + RIGHT, encoding="utf-8")
    for number, (method, _) in enumerate(WRONG.values()):
        text = f"{PRELUDE}\nclass Wrong(Plugin):\n    {method}\n"
        (folder / f"wrong{number}.py").write_text(text, encoding="utf-8")
    cache = ROOT / ".mypy_cache" / "authors"
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", cache, folder]
    out = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder).stdout
    found = {path.name: "" for path in folder.iterdir()}
    for line in out.splitlines():
        name = re.match(r"(?:.*[/\\])?(\w+\.py):\d+: (.*)", line)
        found[name[1] if name else "?"] = found.get(name[1] if name else "?", "") + (name[2] if name else line)
    return found


def test_mypy_accepts_a_right_plugin(output):
    assert output.get("?") is None
    assert output["right.py"] == ""


@pytest.mark.parametrize("number", range(len(WRONG)), ids=WRONG)
def test_mypy_shows_what_is_wrong(output, number):
    _, expected = list(WRONG.values())[number]
    assert expected in output[f"wrong{number}.py"]
