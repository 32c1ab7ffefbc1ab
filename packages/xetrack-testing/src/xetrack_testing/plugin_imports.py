"""Find what a plugin imports of other plugins."""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

import importlib_metadata

from xetrack.registry import installed

__all__ = ["normal_name", "wrong_imports"]


def wrong_imports(source: str, distribution: str, declared: Collection[str]) -> Iterator[str]:
    """Yield what is wrong with the imports of other plugins in a module.

    Args:
        source: the code of the module.
        distribution: the distribution that it belongs to.
        declared: the distributions that this one requires, or has in an extra.
    """
    names = {normal_name(each) for each in declared}
    for name in _imported(source):
        owners = _owners(name.partition(".")[0])
        if not owners or normal_name(distribution) in owners:
            continue
        if not owners & names:
            owner = " or ".join(sorted(owners))
            yield f"{name}: add {owner} to the dependencies or to an extra"
        elif any(part.startswith("_") and not part.startswith("__") for part in name.split(".")):
            yield f"{name}: this is private. Use names without an underscore"


def _imported(source: str) -> Iterator[str]:
    """Yield the dotted names that a module imports from other packages, wherever in its code."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{each.name}" for each in node.names)


def _owners(package: str) -> set[str]:
    """Return the distributions of a package of plugins, also if it is not installed; none for other packages."""
    if package == __package__:
        return set()  # this kit, which tests beside the code may import
    if package in _packages():
        return set(_packages()[package])
    return {package.replace("_", "-")} if package.startswith("xetrack_") else set()


@lru_cache(maxsize=1)
def _packages() -> Mapping[str, Collection[str]]:
    """Return the installed packages of plugins, and the distributions of each."""
    plugins = {re.split(r"[.:]", found.target)[0]: {normal_name(found.distribution)} for found in installed()}
    known = importlib_metadata.packages_distributions()
    ours = {name: {*map(normal_name, owners)} for name, owners in known.items() if name.startswith("xetrack_")}
    return ours | plugins


def normal_name(distribution: str) -> str:
    """Return the normalized name of a distribution."""
    return re.sub(r"[-_.]+", "-", distribution).lower()
