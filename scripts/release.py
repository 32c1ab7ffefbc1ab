"""Prepare a release of all packages: `uv run just release 1.2.0`.

Sets the version everywhere, writes the changelog, and builds and checks the wheels and sdists. That is done in a clone.
Only when all of it held are the changed files and `dist/` put here, so a failure changes nothing. Nothing is committed,
tagged or uploaded: what to do next is printed.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import changelog
from artifacts import build, check_files
from neutral_lock import neutralise
from workspace import ROOT, packages, run

VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
CORE = "packages/xetrack-core/src/xetrack/__init__.py"
PINNED = ("packages/*/pyproject.toml", "tests/toy-plugin/pyproject.toml", "examples/plugins/*/pyproject.toml")
PAGES = "docs/**/*.md"

NEXT = """
xetrack {version} is prepared, and dist/ holds its files. What is left, once you have read `git diff`:

    git add --all && git commit -m "xetrack {version}"
    uv run just ci
    git tag -a v{version} -m "xetrack {version}"
    git push --follow-tags
    uv publish dist/*
"""


def current(root: Path) -> str:
    """The version of all packages, as the core tells it."""
    [version] = re.findall(r'^__version__ = "(.*)"$', (root / CORE).read_text("utf-8"), re.MULTILINE)
    return str(version)


def numbers(version: str) -> tuple[int, ...]:
    """A version to compare with others."""
    return tuple(map(int, version.split(".")))


def refusals(root: Path, version: str) -> Iterator[str]:
    """Why a version cannot be released from a checkout as it stands."""
    log = (root / "CHANGELOG.md").read_text("utf-8")
    if not VERSION.fullmatch(version):
        # The packages pin each other to `>=1.2,<1.3`, which no 1.2.0rc1 satisfies.
        yield f"{version!r} is no version: give three numbers, as in 1.2.0"
    elif numbers(version) < numbers(current(root)):
        yield f"{version} goes back: this is {current(root)}"
    elif f"## [{version}]" in log or run("git", "tag", "--list", f"v{version}", cwd=root).strip():
        yield f"{version} was released already"
    if changed := dirty(root):
        yield f"there are changes that are not committed: {', '.join(changed)}"
    yield from changelog.mistakes(root)
    if not changelog.fragments(root) and not changelog.unreleased(log):
        yield "changes/ has no line for the changelog"


def dirty(root: Path) -> list[str]:
    """The files that differ from the last commit. That uv filled addresses into the lock is no difference."""
    lines = run("git", "status", "--porcelain", "--untracked-files=all", cwd=root).splitlines()
    changed = [line[3:] for line in lines]
    committed = run("git", "show", "HEAD:uv.lock", cwd=root)
    same = neutralise((root / "uv.lock").read_text("utf-8")) == committed
    return [name for name in changed if name != "uv.lock" or not same]


def pin(version: str) -> str:
    """What packages require of each other: the same minor version."""
    major, minor, _ = numbers(version)
    return f">={major}.{minor},<{major}.{minor + 1}"


def bump(root: Path, new: str) -> None:
    """Set the version of all packages, what they and the examples require of each other, and what the pages show."""
    old = current(root)
    names = "|".join(one.name for one in packages(root))
    plain = re.escape(old)
    replace(root / CORE, rf'^__version__ = "{plain}"$', f'__version__ = "{new}"', times=1)
    for one in packages(root):
        replace(one.folder / "pyproject.toml", rf'^version = "{plain}"$', f'version = "{new}"', times=1)
    # Nothing else in the lock is to move: uv would ask the index about all of it.
    locked = rf'(^name = "(?:{names})"\nversion = )"{plain}"$'
    replace(root / "uv.lock", locked, rf'\g<1>"{new}"', times=len(packages(root)))
    for file in (file for pattern in (*PINNED, PAGES) for file in root.glob(pattern)):
        replace(file, rf"(xetrack[a-z-]*(?:\[[\w,-]+\])?){re.escape(pin(old))}", rf"\g<1>{pin(new)}")
    for page in root.glob(PAGES):  # what `xt plugins list` and its like print
        replace(page, rf'((?:{names})[ |":,a-z]*)\b{plain}\b', rf"\g<1>{new}")


def replace(file: Path, pattern: str, new: str, times: int | None = None) -> None:
    """Replace a pattern wherever it is in a file: so many times, if a number is given."""
    text, count = re.subn(pattern, new, file.read_text("utf-8"), flags=re.MULTILINE)
    if times not in {None, count}:
        sys.exit(f"not released: {pattern!r} is in {file} {count} times, not {times}")
    file.write_text(text, "utf-8")


def write_changelog(root: Path, version: str) -> None:
    """Put the lines for the changelog where they belong."""
    file, day = root / "CHANGELOG.md", f"{datetime.now(UTC):%Y-%m-%d}"
    file.write_text(changelog.released(file.read_text("utf-8"), root, version, day), "utf-8")
    for each in changelog.fragments(root):
        each.unlink()


def prepare(root: Path, version: str) -> None:
    """Change a checkout into that of a release, with its files in `dist/`. A failure ends the program."""
    bump(root, version)
    write_changelog(root, version)
    build(root, root / "dist")
    check_files(root, root / "dist")


def take(here: Path, prepared: Path) -> None:
    """Bring the files of a release, and the changes that make it, into a checkout."""
    shutil.rmtree(here / "dist", ignore_errors=True)
    shutil.copytree(prepared / "dist", here / "dist")
    for name in run("git", "diff", "--name-only", cwd=prepared).splitlines():
        if (prepared / name).exists():
            shutil.copyfile(prepared / name, here / name)
        else:
            (here / name).unlink()


def main() -> None:
    """Release what the command line says, or tell what would be."""
    parser = argparse.ArgumentParser(description="Prepare a release of all packages.")
    parser.add_argument("version", help="three numbers, as in 1.2.0")
    parser.add_argument("--dry-run", action="store_true", help="do it all and show it, and change nothing")
    options = parser.parse_args()
    if reasons := list(refusals(ROOT, options.version)):
        sys.exit("not released:\n" + "\n".join(f"- {reason}" for reason in reasons))
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        run("git", "clone", "--quiet", ROOT, clone, cwd=ROOT)
        prepare(clone, options.version)
        print(run("git", "diff", "--stat" if not options.dry_run else "--patch", cwd=clone))
        if not options.dry_run:
            take(ROOT, clone)
            print(NEXT.format(version=options.version))


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"not released: {error}")
