"""The two tiers of the tests: every group is declared, documented and run by CI, in the environment that CI finds."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]
GROUPS = [line.partition(":")[0] for line in SETTINGS["markers"]]


def test_the_first_tier_leaves_every_group_out():
    assert SETTINGS["addopts"][-2:] == ["-m", f"not ({' or '.join(GROUPS)})"]


def test_ci_runs_every_group():
    assert f"uv run pytest -n auto -m '{' or '.join(GROUPS)}'\n" in CI


def test_contributing_describes_every_group():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|.*\| `uv run pytest -n auto -m (\w+)` \|$", page, re.MULTILINE)
    assert rows == [(group, group) for group in GROUPS]


def test_ci_runs_the_command_of_the_readme_in_the_environment_that_it_finds():
    command = "uv run pytest -n auto\n"
    assert re.findall(rf"\benv .*{command}", CI) == [
        f"env PYTHONDONTWRITEBYTECODE=1 {command}",
        f"env -u PYTHONDONTWRITEBYTECODE {command}",
    ]
    assert not re.findall(r"^ *unset\b|\benv -i\b", CI, re.MULTILINE)
    assert set(re.findall(r"^ *export (\w+)", CI, re.MULTILINE)) == {"PATH", "UV_PROJECT_ENVIRONMENT"}
