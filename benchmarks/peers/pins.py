"""The peers that `pins.toml` lists."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]


@dataclass(frozen=True)
class Pinned:
    """What is known of a peer without asking its adapter; `pins.toml` tells of each field."""

    name: str
    adapter: Path
    title: str
    kind: str
    requirements: list = field(default_factory=list)
    module: str = ""
    store: str = ""
    variables: dict = field(default_factory=dict)
    usage: str = ""


def pinned(file=FOLDER / "pins.toml"):
    """The peers by name, in the order of the file; their adapters lie in a folder beside it."""
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return {name: _peer(file.parent / "adapters" / f"{name}.py", **table) for name, table in tables.items()}


def _peer(adapter, **table):
    return Pinned(name=adapter.stem, adapter=adapter, module=table.pop("import"), **table)
