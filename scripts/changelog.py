"""Lines for the changelog: files `changes/NAME.KIND.md`, until a release puts them into CHANGELOG.md."""

import re
from pathlib import Path

KINDS = ("added", "changed", "deprecated", "removed", "fixed", "security")
UNRELEASED = "## [Unreleased]\n"
NEXT_RELEASE = re.compile(r"^(?=## )", re.MULTILINE)
HEADING = re.compile(r"^### (.*)\n", re.MULTILINE)


def fragments(root: Path) -> list[Path]:
    """The files that hold lines for the next release, by name."""
    return sorted(path for path in root.glob("changes/*.md") if path.name != "README.md")


def mistakes(root: Path) -> list[str]:
    """What is wrong with the files."""
    kinds = ", ".join(KINDS)
    return [
        *(f"{each.name}: call it NAME.KIND.md, of a kind in {kinds}" for each in fragments(root) if kind(each) is None),
        *(f"{each.name}: begin with '- '" for each in fragments(root) if not each.read_text("utf-8").startswith("- ")),
    ]


def kind(fragment: Path) -> str | None:
    """Of which kind the change is, by the name of its file; None for a name that does not tell."""
    name, _, said = fragment.stem.rpartition(".")
    return said if name and said in KINDS else None


def unreleased(changelog: str) -> str:
    """What a changelog says already of the next release."""
    return NEXT_RELEASE.split(changelog.partition(UNRELEASED)[2], maxsplit=1)[0].strip()


def released(changelog: str, root: Path, version: str, day: str) -> str:
    """A changelog with a section for a release: what is under Unreleased, and the lines of all files."""
    before, _, rest = changelog.partition(UNRELEASED)
    older = NEXT_RELEASE.split(rest, maxsplit=1)[1:]
    intro, *found = HEADING.split(unreleased(changelog))
    parts = dict(zip(found[::2], map(str.strip, found[1::2]), strict=True))
    for each in sorted(fragments(root), key=lambda each: KINDS.index(str(kind(each)))):
        heading, line = str(kind(each)).capitalize(), each.read_text("utf-8").strip()
        parts[heading] = f"{parts[heading]}\n{line}" if heading in parts else line
    texts = [intro.strip(), *(f"### {heading}\n\n{text}" for heading, text in parts.items())]
    section = "\n\n".join([f"## [{version}] - {day}", *filter(None, texts)])
    return f"{before}{UNRELEASED}\n{section}\n" + "".join(f"\n{text}" for text in older)
