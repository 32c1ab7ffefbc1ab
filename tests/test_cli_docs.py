"""Every console block of the documentation runs in a real shell, and prints what it says.

The Python blocks of such a page run first, in the same folder; one with a title is a file that the commands use.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
QUICK = ROOT / "docs" / "getting-started.md"
TUTORIAL = ROOT / "docs" / "plugins" / "tutorial.md"  # test_tutorial.py follows it
PAGES = sorted(
    page
    for page in (ROOT / "docs").glob("**/*.md")
    if "```console" in page.read_text(encoding="utf-8") and page != TUTORIAL
)
BLOCK = re.compile(r'^```(python|console)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
ENTRY_POINT = "[xetrack]\ngreetings = greetings\n"
# what differs from run to run, or with the width of what does
VARYING = [
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}"), "TIME"),
    (re.compile(r"\b\d+(\.\d+)? ?m?s\b"), "DURATION"),
    (re.compile(r'"location": "[^"]*"'), "LOCATION"),
    (re.compile(r"\b\d+(\.\d+)? (kB|MB)"), "SIZE"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "HASH"),
    (re.compile(r"\b\d+ bytes|,\d+,1,assets"), "BYTES"),
    (re.compile(r"xt: /\S*/"), "xt: "),
    (re.compile(r":?-{2,}:?"), "--"),
    (re.compile(r"[ \t]+"), " "),
]


def settled(text):
    for pattern, name in VARYING:
        text = pattern.sub(name, text)
    return [line.strip() for line in text.strip().splitlines()]


@pytest.fixture
def environment(tmp_path):
    """Of a shell that finds `xt`, and nothing else of ours."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("XETRACK_")}
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**own, "PATH": paths, "PYTHONPATH": str(tmp_path), "PYTHONIOENCODING": "utf-8"}


@pytest.fixture
def install(tmp_path):
    """Makes the last Python block of docs/cli.md a plugin that is installed."""

    def write(source):
        (tmp_path / "greetings.py").write_text(source, encoding="utf-8")
        info = tmp_path / "greetings-1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: greetings\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(ENTRY_POINT)

    return write


def commands_of(block):
    """Each command of a console block, and what it prints."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


def case(page):
    """Of these pages, the first tier tries the one that newcomers read first."""
    return pytest.param(page, id=str(page.relative_to(ROOT)), marks=() if page == QUICK else pytest.mark.docs)


@pytest.mark.parametrize("page", [case(page) for page in PAGES])
def test_the_console_blocks_are_true(page, tmp_path, environment, install):
    for kind, title, source in BLOCK.findall(page.read_text(encoding="utf-8")):
        if title:
            (tmp_path / title).write_text(source, encoding="utf-8")
            continue
        if kind == "python":
            if "xetrack_commands" in source:
                install(source)
            subprocess.run([sys.executable, "-c", source], cwd=tmp_path, env=environment, check=True)
            continue
        for command, printed in commands_of(source):
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                check=False,
            )
            assert settled(done.stdout) == settled(printed), command


def test_there_are_such_pages():
    assert {QUICK, ROOT / "docs" / "cli.md", ROOT / "docs" / "guides" / "processes.md"} <= set(PAGES)
