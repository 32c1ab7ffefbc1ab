"""docs/architecture.md names the modules that there are, so that a map that is out of date fails."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE = ROOT / "packages" / "xetrack-core" / "src" / "xetrack"
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROOMS = {room.name: {each.stem for each in room.glob("*.py")} - {"__init__"} for room in CORE.glob("_[a-z]*/")}


def test_every_room_lists_its_modules():
    assert {"_tracking", "_rows", "_sqlite"} <= ROOMS.keys()
    for room, modules in ROOMS.items():
        (line,) = re.findall(rf"^\| `{room}` \| (.*) \|$", TEXT, re.MULTILINE)
        assert set(re.findall(r"`(\w+)`", line)) - {"track", "wrap"} == modules, room


def test_every_file_that_it_names_exists():
    named = re.findall(r"`((?:_\w+/)?\w+\.py)`", TEXT)
    assert len(named) > 15
    assert [name for name in named if not (CORE / name).is_file()] == []


def test_every_package_is_listed():
    packages = {path.parent.name for path in ROOT.glob("packages/*/pyproject.toml")}
    assert set(re.findall(r"^\| `(xetrack[\w-]*)` \|", TEXT, re.MULTILINE)) == packages
