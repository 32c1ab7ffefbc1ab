"""Every Python block of the documentation runs, and prints what the text block below it says."""

import contextlib
import io
import re
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(page for pattern in ("*.md", "docs/**/*.md", "packages/*/README.md") for page in ROOT.glob(pattern))
BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# what differs from run to run: times, track ids, seconds, widths of columns
VARYING = [
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}"), "TIME"),
    (re.compile(r"\b[a-z]+(-[a-z]+)+-\d{4}\b"), "RUN"),
    (re.compile(r"\d\.\d+e-\d\d"), "SECONDS"),
    (re.compile(r"[ \t]+"), " "),
]


def settled(text):
    for pattern, name in VARYING:
        text = pattern.sub(name, text)
    return [line.strip() for line in text.strip().splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_page_is_true(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__docs__"}
    printed = ""
    text = page.read_text(encoding="utf-8")
    for match in BLOCK.finditer(text):
        kind, source = match.groups()
        if kind == "text":
            assert settled(printed) == settled(source)
            continue
        line = text.count("\n", 0, match.start(2))
        out = io.StringIO()
        with contextlib.redirect_stdout(out), pd.option_context("display.width", 160, "display.max_columns", 20):
            exec(compile("\n" * line + source, str(page), "exec"), namespace)  # noqa: S102 - our own documentation
        printed = out.getvalue()


def test_there_are_pages_and_they_have_code():
    assert ROOT / "README.md" in PAGES
    assert len(BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))) > 5
