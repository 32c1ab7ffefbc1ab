"""The committed lock names versions and no addresses, and scripts/neutral_lock.py makes it so."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "neutral_lock.py"

# As uv writes it, with every form that an address takes in a lock.
FULL = """\
version = 1
revision = 5
requires-python = ">=3.11"

[[package]]
name = "one"
version = "1.2.3"
source = { registry = "https://index.example" }
dependencies = [
    { name = "two", source = { registry = "https://index.example" }, marker = "os_name == 'nt'" },
]
sdist = { url = "https://files.example/one-1.2.3.tar.gz", hash = "sha256:00", size = 1 }
wheels = [
    { url = "https://files.example/one-1.2.3-py3-none-any.whl", hash = "sha256:00", size = 1 },
    { url = "https://files.example/one-1.2.3-cp311-cp311-any.whl", hash = "sha256:00", size = 1 },
]

[[package]]
name = "ours"
version = "1.0.0"
source = { editable = "packages/ours" }
"""

NEUTRAL = """\
version = 1
revision = 5
requires-python = ">=3.11, <4"

[[package]]
name = "one"
version = "1.2.3"
source = { registry = "." }
dependencies = [
    { name = "two", source = { registry = "." }, marker = "os_name == 'nt'" },
]

[[package]]
name = "ours"
version = "1.0.0"
source = { editable = "packages/ours" }
"""


def neutral_lock(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *arguments], input=stdin, capture_output=True, text=True, check=False
    )


def test_the_filter_takes_addresses_off_and_leaves_the_rest():
    assert neutral_lock(stdin=FULL).stdout == NEUTRAL


def test_the_filter_leaves_a_neutral_lock_as_it_is():
    assert neutral_lock(stdin=NEUTRAL).stdout == NEUTRAL


def test_write_changes_the_file_in_place(tmp_path):
    lock = tmp_path / "uv.lock"
    lock.write_text(FULL)
    assert neutral_lock("--write", str(lock)).returncode == 0
    assert lock.read_text() == NEUTRAL


def test_check_names_every_line_that_is_not_neutral(tmp_path):
    lock = tmp_path / "uv.lock"
    lock.write_text(FULL)
    checked = neutral_lock("--check", str(lock))
    numbers = [line.split(":")[0] for line in checked.stderr.splitlines()[:-1]]
    assert checked.returncode == 1
    assert numbers == ["3", "8", "10", "12", "13", "14", "15"]


def test_check_passes_a_neutral_lock_on_standard_input():
    checked = neutral_lock("--check", "-", stdin=NEUTRAL)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_check_finds_an_address_that_the_filter_cannot_take_off():
    lock = NEUTRAL.replace('{ editable = "packages/ours" }', '{ git = "https://forge.example/ours" }')
    checked = neutral_lock("--check", "-", stdin=lock)
    assert checked.returncode == 1
    assert "forge.example" in checked.stderr


def test_the_committed_lock_is_neutral():
    # uv fills the addresses in where it runs, so the file on disk may hold them: git has what is committed.
    committed = subprocess.run(["git", "show", ":uv.lock"], cwd=ROOT, capture_output=True, text=True, check=False)
    if committed.returncode != 0:
        pytest.skip("this is not a git checkout")
    checked = neutral_lock("--check", "-", stdin=committed.stdout)
    assert checked.returncode == 0, checked.stderr
