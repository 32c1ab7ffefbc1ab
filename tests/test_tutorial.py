"""Follow the tutorial for plugin authors: write its files, run its commands, and compare their output."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.docs

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "plugins" / "tutorial.md"
TOY = ROOT / "tests" / "toy-plugin"
BLOCK = re.compile(r'^```(?:console|\w+ title="([^"]+)")\n(.*?)^```$', re.MULTILINE | re.DOTALL)
DURATION = re.compile(r"\b\d+(\.\d+)? ?m?s\b")


def settled(text):
    return [re.sub(r"\s+", " ", DURATION.sub("TIME", line)).strip() for line in text.strip().splitlines()]


def commands_of(block):
    """Yield each command of a console block with its output."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


def run(site, folder, command):
    if command == "pip install .":
        site.install(folder)
        return ""
    return site.run("bash", "-c", command, cwd=folder, code=None)


@pytest.fixture(scope="module")
def folder(site):
    """The folder of someone who has followed the tutorial."""
    folder = site.work / "xetrack-markdown"
    folder.mkdir()
    for name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if name:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
            continue
        for command, printed in commands_of(text):
            assert settled(run(site, folder, command)) == settled(printed), command
    return folder


def test_the_result_is_the_toy_plugin(folder):
    kept = [path.relative_to(TOY) for path in TOY.rglob("*") if path.suffix in {".py", ".toml"}]
    assert len(kept) == 5
    for path in [*kept, Path("src", "xetrack_markdown", "py.typed")]:
        assert (folder / path).read_text(encoding="utf-8") == (TOY / path).read_text(encoding="utf-8"), path
