"""What plugins are installed, told without importing any: their hooks are read from their source."""

import ast
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from xetrack.plugin import Plugin
from xetrack.registry import Found, installed, shadowed

__all__ = ["hooks_in_source", "listed"]

_PREFIX = "xetrack_"
_HOOKS = {name for name in vars(Plugin) if name.startswith(_PREFIX)}


def listed() -> list[dict[str, Any]]:
    """A row a plugin, those that are shadowed last. `hooks` is None where the source does not tell."""
    rows = [_row(found) for found in installed()]
    return rows + [_row(found, hidden=True) for found in shadowed()]


def _row(found: Found, *, hidden: bool = False) -> dict[str, Any]:
    return {
        "distribution": found.distribution,
        "version": found.version,
        "plugin": found.name,
        "target": found.target,
        "hooks": None if hidden else hooks_in_source(found.target),
        "disabled": found.disabled,
        "shadowed": hidden,
        "namesakes": [] if hidden else [each.distribution for each in installed() if _same_name(each, found)],
        "location": found.location,
    }


def _same_name(one: Found, other: Found) -> bool:
    return one is not other and one.name == other.name


def hooks_in_source(target: str) -> list[str] | None:
    """The hooks that the module of an entry point defines or imports, as its source has them; None if none are seen."""
    try:
        source = _source(target.partition(":")[0].strip())
        tree = ast.parse(source) if source is not None else ast.Module([], [])
    except (OSError, SyntaxError, ValueError, ImportError, RecursionError, MemoryError):
        return None
    return sorted(name.removeprefix(_PREFIX) for name in _HOOKS.intersection(_names(tree))) or None


def _names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)


def _source(module: str) -> bytes | None:
    """The source of a module, found as an import would find it; but its parents are not imported for that."""
    top, *below = module.split(".")
    spec = _spec_of_top(top)
    for depth, _ in enumerate(below, 2):
        if spec is None or spec.submodule_search_locations is None:
            return None
        spec = PathFinder.find_spec(".".join(module.split(".")[:depth]), list(spec.submodule_search_locations))
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin).read_bytes()


def _spec_of_top(name: str) -> ModuleSpec | None:
    for finder in sys.meta_path:  # an editable installation may have a finder of its own
        find = getattr(finder, "find_spec", None)
        spec: ModuleSpec | None = find(name, None) if find is not None else None
        if spec is not None:
            return spec
    return None
