"""The plugins in docs/plugins/testing.md pass the contracts that it shows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "plugins" / "testing.md"
SHOWN = ("TestLines", "TestComplexes")


@pytest.mark.docs
def test_what_the_page_shows_passes(tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    chosen = [block for block in blocks if any(f"class {name}(" in block for name in SHOWN)]
    assert len(chosen) == len(SHOWN)
    (tmp_path / "test_shown.py").write_text("\n".join(chosen), encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^\d+ passed in", done.stdout, re.MULTILINE), done.stdout
