"""Build the wheels and sdists of every package, and check that these are complete and hold nothing else.

python3 scripts/artifacts.py    checks those of the working tree, built into a folder that is gone afterwards
"""

import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

from workspace import ROOT, Package, packages, run

TWINE = "twine>=6.1,<7"
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
PLAIN = {"Name", "Version", "Summary", "Requires-Python", "License-Expression", "Author", "Keywords"}
"""What must stand in the metadata, and stands there once."""


def build(root: Path, dist: Path) -> None:
    """Build the sdist of every package, and its wheel from the sdist, as installers that want no wheel do."""
    run("uv", "build", "--quiet", "--all-packages", "--out-dir", dist, cwd=root)
    (dist / ".gitignore").unlink(missing_ok=True)


def check_files(root: Path, dist: Path) -> None:
    """Check what was built: a failure names every mistake."""
    wrong = [f"{one.name}: {mistake}" for one in packages(root) for mistake in mistakes(one, dist)]
    if wrong:
        raise SystemExit("\n".join(wrong))
    files = sorted(file for file in dist.iterdir() if file.suffix in {".whl", ".gz"})
    run("uv", "tool", "run", "--quiet", "--from", TWINE, "twine", "check", "--strict", *files, cwd=root)
    print(f"{len(files)} files are complete: {', '.join(file.name for file in files)}")


def mistakes(one: Package, dist: Path) -> list[str]:
    """What is wrong with the wheel and the sdist of a package."""
    project = tomllib.loads((one.folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wheel, sdist = contents_of_wheel(one.wheel(dist)), contents_of_sdist(one, dist)
    info = f"{one.file_name}-{project['version']}.dist-info"
    return [
        *wrong_metadata(message_from_bytes(wheel[f"{info}/METADATA"]), project),
        *wrong_files("the wheel", set(wheel), expected_in_wheel(one, info, project)),
        *wrong_files("the sdist", set(sdist), expected_in_sdist(one)),
        *wrong_entry_points(wheel, f"{info}/entry_points.txt", project),
        *(["the wheel built from the sdist differs from that of the folder"] if wheel != direct(one) else []),
    ]


def contents_of_wheel(wheel: Path) -> dict[str, bytes]:
    """Its files; folders are none."""
    with zipfile.ZipFile(wheel) as opened:
        return {name: opened.read(name) for name in opened.namelist() if not name.endswith("/")}


def contents_of_sdist(one: Package, dist: Path) -> dict[str, bytes]:
    """Its files, by their paths below its one folder."""
    [sdist] = dist.glob(f"{one.file_name}-*.tar.gz")
    with tarfile.open(sdist) as opened:
        members = [(member.name.partition("/")[2], opened.extractfile(member)) for member in opened if member.isfile()]
        return {name: file.read() for name, file in members if file is not None}


def direct(one: Package) -> dict[str, bytes]:
    """What a wheel has that is built from the folder."""
    with tempfile.TemporaryDirectory() as folder:
        run("uv", "build", "--quiet", "--wheel", "--out-dir", folder, one.folder, cwd=one.folder)
        return contents_of_wheel(one.wheel(Path(folder)))


def sources(one: Package) -> set[str]:
    """The files of its code, by their paths below its folder: those that git knows."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "src", cwd=one.folder)
    return {name for name in listed.splitlines() if (one.folder / name).exists()}


def expected_in_wheel(one: Package, info: str, project: dict[str, Any]) -> set[str]:
    """Its code, typed, and what describes it."""
    about = {"METADATA", "RECORD", "WHEEL", "licenses/LICENSE"}
    about |= {"entry_points.txt"} if "entry-points" in project or "scripts" in project else set()
    typed = {f"{one.module}/py.typed"} if one.module else set()
    return {name.removeprefix("src/") for name in sources(one)} | typed | {f"{info}/{name}" for name in about}


def expected_in_sdist(one: Package) -> set[str]:
    """What a wheel is built from."""
    return {"PKG-INFO", "pyproject.toml", "pyproject.toml.orig", "README.md", "LICENSE"} | sources(one)


def wrong_files(where: str, found: set[str], expected: set[str]) -> list[str]:
    """What is missing and what is too much."""
    missing = [f"{where} lacks {name}" for name in sorted(expected - found)]
    return missing + [f"{where} has {name}, which is no part of it" for name in sorted(found - expected)]


def wrong_metadata(metadata: Message, project: dict[str, Any]) -> list[str]:
    """What an index would show wrongly, or not at all."""
    readme = str(metadata.get_payload())
    links = [link for link in LINK.findall(FENCED.sub("", readme)) if not link.startswith("https://")]
    checks = {
        f"its metadata lack {sorted(PLAIN - set(metadata))}": set(metadata) >= PLAIN,
        "its name or version is another": (metadata["Name"], metadata["Version"])
        == (project["name"], project["version"]),
        "it names no licence file": metadata.get_all("License-File") == ["LICENSE"],
        "it has no classifiers": bool(metadata.get_all("Classifier")),
        "its readme is no Markdown": metadata["Description-Content-Type"] == "text/markdown",
        f"its readme does not begin with '# {project['name']}'": readme.lstrip().startswith(f"# {project['name']}\n"),
        "its readme does not say how to install it": f"pip install {project['name']}" in readme.replace('"', ""),
        f"links of its readme lead nowhere on an index: {links}": not links,
    }
    return [message for message, holds in checks.items() if not holds]


def wrong_entry_points(wheel: dict[str, bytes], name: str, project: dict[str, Any]) -> list[str]:
    """Which plugin or command would not be found."""
    text = wheel.get(name, b"").decode()
    groups = {**project.get("entry-points", {}), "console_scripts": project.get("scripts", {})}
    lines = [f"{key} = {target}" for entries in groups.values() for key, target in entries.items()]
    return [f"it has no entry point {line}" for line in lines if line not in text.splitlines()]


def main() -> None:
    """Build and check."""
    with tempfile.TemporaryDirectory() as folder:
        build(ROOT, Path(folder))
        check_files(ROOT, Path(folder))


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error}")
