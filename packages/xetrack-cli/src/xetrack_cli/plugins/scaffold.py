"""The files that `xt plugins new` writes: a template, with the names of the new plugin put in."""

import ast
import importlib.util
import keyword
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from packaging.utils import InvalidName, canonicalize_name

from xetrack import __version__
from xetrack.registry import OPTIONS, PROVIDERS, TRACKER_OPTIONS, Plugins, installed, shadowed
from xetrack_cli.builtin_commands import COMMANDS
from xetrack_cli.errors import UsageError, suggest

__all__ = ["KINDS", "Names", "make_names", "render", "write"]


KINDS = ("engine", "serializer", "asset-store", "cache", "sink", "monitor", "command")

_ROOT = "xetrack_cli.templates"
_OURS = {"xetrack", "xetrack-core", "xetrack-cli"}


class Names(NamedTuple):
    """The names of a plugin: its distribution, its module, and its short one in options, `engine=` and so on."""

    distribution: str
    module: str
    short: str


def make_names(name: str, kind: str) -> Names:
    """Return the names of a new plugin. Raises `UsageError` for one that is invalid or taken."""
    if kind not in KINDS:
        raise UsageError(f"Unknown kind {kind!r}.{suggest(kind, list(KINDS))}")
    try:
        distribution = canonicalize_name(name, validate=True)
    except InvalidName:
        raise UsageError(f"Invalid name {name!r}. Use letters and digits, with - _ or . between them.") from None
    module = distribution.replace("-", "_")
    names = Names(distribution, module, module.removeprefix("xetrack_"))
    for problem in _problems(names, kind):
        raise UsageError(f"Invalid name {name!r}: {problem}")
    return names


def _problems(names: Names, kind: str) -> Iterator[str]:
    distribution, module, short = names
    if not (module.isidentifier() and short.isidentifier()) or keyword.iskeyword(module) or keyword.iskeyword(short):
        yield f"{short!r} is not a Python identifier. Start with a letter, and avoid keywords."
    taken = {found.distribution for found in (*installed(), *shadowed())} | set(OPTIONS.values()) | _OURS
    if distribution in taken:
        yield f"{distribution} is already a plugin or a part of xetrack."
    if module in sys.stdlib_module_names or importlib.util.find_spec(module) is not None:
        yield f"this environment already has a module {module!r}."
    if short in _reserved(kind):
        yield f"xetrack already uses {short!r}."


def _reserved(kind: str) -> set[str]:
    """Return the names that a provider, option or command of this kind cannot have."""
    if kind == "command":
        return {*COMMANDS, *(name for of, name in PROVIDERS if of == "commands")}
    built_in = {name for each in Plugins.of(()).all_offers() for name in (each.provider.name, *each.options)}
    return {*built_in, *TRACKER_OPTIONS, *OPTIONS, *(name for _, name in PROVIDERS)}


def render(names: Names, kind: str) -> dict[str, str]:
    """Return the files of a new plugin: their text by their path in its folder."""
    root, template = files(_ROOT), kind.replace("-", "_")
    sources = {"pyproject.toml": root / "project.toml", "README.md": root / "readme.md"}
    for each in (root / template).iterdir():
        if each.name == "test_template.py":
            sources[f"tests/test_{names.module}.py"] = each
        elif each.name.endswith(".py"):
            sources[f"src/{names.module}/{each.name}"] = each
    texts = {path: source.read_text(encoding="utf-8") for path, source in sorted(sources.items())}
    docstring = ast.get_docstring(ast.parse(texts[f"src/{names.module}/__init__.py"])) or ""
    for placeholder, value in _values(names, kind, docstring).items():
        texts = {path: text.replace(placeholder, value) for path, text in texts.items()}
    return {**texts, f"src/{names.module}/py.typed": "", ".gitignore": ".venv/\n__pycache__/\n*.egg-info/\ndist/\n"}


def _values(names: Names, kind: str, docstring: str) -> dict[str, str]:
    """Return what replaces the placeholders, in this order: some contain others.

    The docstring of the template is its description, a colon, and its usage in backticks.
    """
    description, _, usage = docstring.removesuffix("`.").partition(": `")
    major, minor, *_ = __version__.split(".")
    pin = f">={major}.{minor},<{major}.{int(minor) + 1}"
    requires = ["xetrack-core", "xetrack-cli"] if kind == "command" else ["xetrack-core"]
    language = "bash" if kind == "command" else "python"
    return {
        f"{_ROOT}.{kind.replace('-', '_')}": names.module,
        "template-distribution": names.distribution,
        "template-description": f"{description}.",
        "template-requirements": '", "'.join(each + pin for each in requires),
        "template-pin": pin,
        "template-usage": f"```{language}\n{usage}\n```",
        "template_module": names.module,
        "template_name": names.short,
    }


def write(names: Names, kind: str, directory: Path) -> Path:
    """Write a new plugin into a folder of its own in `directory`, and return that folder.

    Raises `UsageError` if the folder exists and is not empty.
    """
    folder = directory / names.distribution
    if folder.is_symlink() or (folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))):
        raise UsageError(f"{folder} already exists. Choose another name or --directory.")
    for path, text in render(names, kind).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return folder
