"""What `xt plugins new` writes: the files of a template, with names put in place of those that stand for them."""

import importlib.util
import keyword
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

from xetrack import __version__
from xetrack.registry import OPTIONS, PROVIDERS, TRACKER_OPTIONS, Plugins, installed, shadowed
from xetrack_cli.builtin import COMMANDS
from xetrack_cli.errors import UsageError, closest

__all__ = ["KINDS", "Kind", "Names", "named", "rendered", "write"]


class Kind(NamedTuple):
    """A kind of plugin: the folder of its template, what the template does, and what that needs."""

    template: str
    does: str
    usage: str
    requires: tuple[str, ...] = ("xetrack-core",)


KINDS = {
    "engine": Kind(
        "engine",
        "Rows of xetrack in a file of JSON Lines.",
        'Tracker("rows.jsonl", engine="template_name")',
    ),
    "serializer": Kind(
        "serializer",
        "Complex numbers in rows of xetrack.",
        'tracker.log({"impedance": 3 + 4j})  # an asset store, such as that of xetrack-assets, keeps it',
    ),
    "asset-store": Kind(
        "asset_store",
        "The objects in rows of xetrack, in a folder of files.",
        'Tracker("database.db", template_name="objects")',
    ),
    "cache": Kind(
        "cache",
        "Results of functions that xetrack tracks, in a folder of files.",
        'Tracker("database.db", template_name="results")',
    ),
    "sink": Kind(
        "sink", "Every value that xetrack logs, in a CSV file.", 'Tracker("database.db", template_name="values.csv")'
    ),
    "monitor": Kind(
        "monitor",
        "The work of the garbage collector in calls that xetrack tracks.",
        'Tracker("database.db", template_name=True)',
    ),
    "command": Kind(
        "command",
        "The tables of a database of xetrack, counted.",
        "xt template_name database.db",
        ("xetrack-core", "xetrack-cli"),
    ),
}

_ROOT = "xetrack_cli.templates"
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_PREFIX = "xetrack_"


class Names(NamedTuple):
    """What a plugin is called: as a distribution, as a module, and in options, `engine=` and the like."""

    distribution: str
    module: str
    short: str


def named(name: str, kind: str) -> Names:
    """The names of a new plugin. Raises `UsageError` for one that could not be, or that is taken."""
    if kind not in KINDS:
        raise UsageError(f"there is no kind {kind!r} of plugin.{closest(kind, KINDS)}")
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} can be no name of a distribution: letters, digits, and -_. between them.")
    distribution = re.sub(r"[-_.]+", "-", name).lower()
    module = distribution.replace("-", "_")
    names = Names(distribution, module, module.removeprefix(_PREFIX))
    for problem in _problems(names, kind):
        raise UsageError(f"{name}: {problem}")
    return names


def _problems(names: Names, kind: str) -> Iterator[str]:
    distribution, module, short = names
    if not (module.isidentifier() and short.isidentifier()) or keyword.iskeyword(module) or keyword.iskeyword(short):
        yield f"{short!r} cannot be a name in Python. Begin with a letter, and take none of Python's own words."
    taken = {found.distribution for found in (*installed(), *shadowed())} | set(OPTIONS.values())
    if distribution in taken | {"xetrack", "xetrack-core", "xetrack-cli"}:
        yield f"{distribution} is a plugin or part of xetrack already. Choose another name."
    if module in sys.stdlib_module_names or importlib.util.find_spec(module) is not None:
        yield f"there is a module {module!r} in this environment already. Choose another name."
    if short in _reserved(kind):
        yield f"{short!r} means something in xetrack already. Choose another name."


def _reserved(kind: str) -> set[str]:
    """The names that a provider, an option, or a command of this kind cannot have."""
    if kind == "command":
        return {*COMMANDS, *(name for of, name in PROVIDERS if of == "commands")}
    built_in = {name for each in Plugins.of(()).all_offers() for name in (each.provider.name, *each.options)}
    return {*built_in, *TRACKER_OPTIONS, *OPTIONS, *(name for _, name in PROVIDERS)}


def rendered(names: Names, kind: str) -> dict[str, str]:
    """Every file of a new plugin: its path in the folder of the distribution, and what is in it."""
    chosen, root = KINDS[kind], files(_ROOT)
    stands = _meanings(names, chosen)
    texts = {"pyproject.toml": root / "project.toml", "README.md": root / "readme.md"}
    for each in (root / chosen.template).iterdir():
        if each.name == "test_template.py":
            texts[f"tests/test_{names.module}.py"] = each
        elif each.name.endswith(".py"):
            texts[f"src/{names.module}/{each.name}"] = each
    written = {path: _put(text, stands) for path, text in sorted(texts.items())}
    return {**written, f"src/{names.module}/py.typed": "", ".gitignore": ".venv/\n__pycache__/\n*.egg-info/\ndist/\n"}


def _meanings(names: Names, kind: Kind) -> dict[str, str]:
    """What is put in place of what, the longer ones first."""
    major, minor, *_ = __version__.split(".")
    pin = f">={major}.{minor},<{major}.{int(minor) + 1}"
    return {
        f"{_ROOT}.{kind.template}": names.module,
        "template-distribution": names.distribution,
        "template-description": kind.does,
        "template-requirements": '", "'.join(name + pin for name in kind.requires),
        "template-pin": pin,
        "template-usage": _usage(kind),
        "template_module": names.module,
        "template_name": names.short,
    }


def _usage(kind: Kind) -> str:
    language = "bash" if kind.template == "command" else "python"
    return f"```{language}\n{kind.usage}\n```"


def _put(text: Traversable, stands: Mapping[str, str]) -> str:
    content = text.read_text(encoding="utf-8")
    for name, meaning in stands.items():
        content = content.replace(name, meaning)
    return content


def write(names: Names, kind: str, directory: Path) -> Path:
    """Write a new plugin into a folder of its own in `directory`, and return that folder.

    Raises `UsageError` if it is there already, unless it is an empty folder: nothing is ever written over.
    """
    folder = directory / names.distribution
    if folder.is_symlink() or (folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))):
        raise UsageError(f"{folder} is there already. Give another name, or another --directory.")
    for path, text in rendered(names, kind).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return folder
