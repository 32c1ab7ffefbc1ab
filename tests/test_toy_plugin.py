"""A third-party plugin is built, installed, found, used and tested as its users do, with the wheels of core and kit."""

import json
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.plugins

ROOT = Path(__file__).parents[1]
TOY = ROOT / "tests" / "toy-plugin"

USE = """
import sys, xetrack, xetrack_markdown, xetrack_testing
from pathlib import Path
from xetrack import Reader, Tracker

for module in (xetrack, xetrack_markdown, xetrack_testing):
    assert Path(module.__file__).is_relative_to(sys.argv[1]), module
with Tracker("t.db", markdown="results.md", markdown_columns=["epoch", "loss"]) as tracker:
    for epoch in (1, 2):
        tracker.log({"epoch": epoch, "loss": 1 / epoch})
    assert tracker.losses == {}
assert len(Reader("t.db")) == 2
print(Path("results.md").read_text(), end="")
"""


@pytest.fixture(scope="module")
def toy(site):
    site.install(ROOT / "packages" / "xetrack-core", ROOT / "packages" / "xetrack-testing", TOY)
    return site


def test_a_tracker_finds_it_by_its_entry_point(toy):
    assert toy.run(sys.executable, "-c", USE, toy.site) == (
        "| epoch | loss |\n| --- | --- |\n| 1 | 1.0 |\n| 2 | 0.5 |\n"
    )


def test_its_own_tests_pass_which_run_the_kit(toy):
    options = ["-q", "-p", "no:cacheprovider", "-c", TOY / "pyproject.toml"]
    out = toy.run(sys.executable, "-m", "pytest", *options, TOY / "tests")
    assert " passed" in out
    assert "failed" not in out
    assert "skipped" not in out


def test_xt_lists_it_and_finds_it_well(toy):
    main = [sys.executable, "-m", "xetrack_cli"]
    [row] = [row for row in json.loads(toy.run(*main, "plugins", "list", "--json")) if row["plugin"] == "markdown"]
    assert (row["distribution"], row["state"]) == ("xetrack-markdown", "enabled")
    [told] = json.loads(toy.run(*main, "plugins", "doctor", "markdown", "--json"))
    assert (told["state"], told["api"], told["hooks"]) == ("ok", 1, ["sinks"])
    assert [option["name"] for option in told["providers"][0]["options"]] == ["markdown", "markdown_columns"]
