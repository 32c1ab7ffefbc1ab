"""One command prepares a release: in a copy of this repository it does, or it says why not and changes nothing."""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# three packages stand for all: each is built three times
PACKAGES = ("packages/xetrack", "packages/xetrack-core", "packages/xetrack-sinks")
PARTS = (*PACKAGES, "scripts", "docs", "examples", "tests/toy-plugin", "changes")
FILES = ("pyproject.toml", "uv.lock", "README.md", "LICENSE", "CHANGELOG.md", ".gitignore", ".gitattributes")
CORE = "packages/xetrack-core/src/xetrack/__init__.py"
WITHOUT = shutil.ignore_patterns("tests", "__pycache__", "*.svg", "*.db", ".venv")


def git(folder, *arguments):
    who = ("-c", "user.name=xetrack", "-c", "user.email=xetrack@example.invalid", "-c", "core.autocrlf=false")
    return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A repository with what a release reads and changes, and a lock without addresses."""
    root = tmp_path_factory.mktemp("release") / "original"
    for name in PARTS:
        shutil.copytree(ROOT / name, root / name, ignore=WITHOUT)
    for name in FILES:
        shutil.copyfile(ROOT / name, root / name)
    subprocess.run([sys.executable, root / "scripts/neutral_lock.py", "--write", root / "uv.lock"], check=True)
    (root / "changes" / "faster.fixed.md").write_text("- It is faster,\n  by a lot.\n")
    (root / "changes" / "more.added.md").write_text("- There is more.\n")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "as it was")
    return root


@pytest.fixture
def repository(original, tmp_path):
    """A clone, so that each test has one to change."""
    git(tmp_path, "clone", "--quiet", original, "repository")
    return tmp_path / "repository"


def release(repository, *arguments):
    command = [sys.executable, repository / "scripts" / "release.py", *arguments]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)


def assert_refused(repository, version, *, because):
    before = git(repository, "status", "--porcelain")
    done = release(repository, version)
    assert done.returncode == 1, done.stdout
    assert because in done.stderr
    assert git(repository, "status", "--porcelain") == before
    assert not (repository / "dist").exists()


def commit(repository):
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "more")


@pytest.mark.release
def test_one_command_prepares_everything(repository):
    done = release(repository, "9.10.0")
    assert done.returncode == 0, done.stderr
    assert "git tag -a v9.10.0" in done.stdout

    pyprojects = [path.read_text() for path in sorted(repository.glob("packages/*/pyproject.toml"))]
    assert all('\nversion = "9.10.0"\n' in text for text in pyprojects)
    pins = re.findall(r"xetrack(?:-\w+)?(?:\[[\w,]+\])?(>=?[^\"]*)\"", git(repository, "grep", "-h", "xetrack.*>="))
    assert set(pins) == {">=9.10,<9.11"}
    assert git(repository, "grep", "-F", '__version__ = "9.10.0"', "--", "packages/xetrack-core")

    lock = (repository / "uv.lock").read_text()
    assert lock.count('version = "9.10.0"') == len(pyprojects)
    assert lock.count("://") == 0

    changelog = (repository / "CHANGELOG.md").read_text()
    section = re.search(r"^## \[9\.10\.0\] - \d{4}-\d\d-\d\d\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)[1]
    assert "- There is more.\n" in section.partition("### Fixed")[0]
    assert "- It is faster,\n  by a lot.\n" in section.partition("### Fixed")[2]
    assert [path.name for path in (repository / "changes").iterdir()] == ["README.md"]

    files = sorted(path.name for path in (repository / "dist").iterdir())
    assert len(files) == 2 * len(pyprojects)
    assert "xetrack_core-9.10.0.tar.gz" in files

    commit(repository)
    shutil.rmtree(repository / "dist")
    assert_refused(repository, "9.10.0", because="9.10.0 was released already")
    assert_refused(repository, "9.9.9", because="9.9.9 goes back: this is 9.10.0")
    assert_refused(repository, "9.11.0", because="changes/ has no line for the changelog")


@pytest.mark.parametrize("version", ["9.1.0rc1", "v9.1.0", "9.1.0\n"])
def test_what_is_no_version_is_refused(repository, version):
    assert_refused(repository, version, because="is no version")


def test_changes_that_are_not_committed_are_refused(repository):
    (repository / "notes.txt").touch()
    (repository / "LICENSE").write_text("mine")
    assert_refused(repository, "9.10.0", because="not committed: LICENSE, notes.txt")


def test_a_lock_with_addresses_on_disk_is_no_change(repository):
    lock = repository / "uv.lock"
    lock.write_text(lock.read_text().replace('registry = "."', 'registry = "https://index.example"'))
    (repository / "notes.txt").touch()  # so that it ends here
    assert_refused(repository, "9.10.0", because="not committed: notes.txt")


def test_lines_that_no_changelog_can_take_are_refused(repository):
    lines = {"one.md": "- It is fast.", "two.better.md": "- It is fast.", "three.fixed.md": "It is fast."}
    for name, line in lines.items():
        (repository / "changes" / name).write_text(line)
    commit(repository)
    assert_refused(repository, "9.10.0", because="one.md: call it NAME.KIND.md")
    assert_refused(repository, "9.10.0", because="two.better.md: call it NAME.KIND.md")
    assert_refused(repository, "9.10.0", because="three.fixed.md: begin with '- '")


def test_the_lines_that_wait_are_such_that_a_changelog_can_take_them():
    spec = importlib.util.spec_from_file_location("changelog", ROOT / "scripts" / "changelog.py")
    changelog = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(changelog)
    assert changelog.mistakes(ROOT) == []


def test_a_package_that_is_not_whole_is_not_released(repository):
    (repository / "packages" / "xetrack-core" / "README.md").write_text("# xetrack\n\n[docs](../docs)\n")
    (repository / "packages" / "xetrack-core" / "src" / "xetrack" / "py.typed").unlink()
    commit(repository)
    assert_refused(repository, "9.10.0", because="xetrack-core: the wheel lacks xetrack/py.typed")
    assert git(repository, "status", "--porcelain") == ""


@pytest.mark.release
def test_a_dry_run_shows_the_first_release_and_changes_nothing(repository):
    version = re.search(r'__version__ = "(.*)"', (repository / CORE).read_text())[1]  # not released yet: no section
    (repository / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n\nThe first.\n")
    commit(repository)
    done = release(repository, version, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert f"+## [{version}] - " in done.stdout
    assert "+- There is more." in done.stdout
    assert git(repository, "status", "--porcelain") == ""
    assert not (repository / "dist").exists()
