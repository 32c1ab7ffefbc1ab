"""Find names of xetrack in source code that are not public."""

import ast
import importlib
import importlib.util
from collections.abc import Iterator

__all__ = ["PUBLIC_MODULES", "private_names"]

PUBLIC_MODULES = ("xetrack", "xetrack.plugin", "xetrack.errors", "xetrack.sqlite", "xetrack.registry")
"""Where plugins import from."""


def private_names(source: str) -> Iterator[str]:
    """Yield the private names of xetrack that a module uses, each with its public equivalent if there is one."""
    yield from map(_with_public_name, _private_names(source))


def _with_public_name(name: str) -> str:
    attribute = name.rpartition(".")[2]
    homes = [each for each in PUBLIC_MODULES if attribute in importlib.import_module(each).__all__]
    return f"{name} (use {homes[0]}.{attribute})" if homes else name


def _private_names(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {each.asname or each.name: each.name for each in node.names if _is_ours(each.name)}
            yield from (each.name for each in node.names if _is_ours(each.name) and _is_private(each.name))
        elif isinstance(node, ast.ImportFrom) and not node.level and _is_ours(node.module or ""):
            for each in node.names:
                name = f"{node.module}.{each.name}"
                if _is_private(name):
                    yield name
                elif _is_module(name):
                    modules[each.asname or each.name] = name
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            name = f"{modules.get(ast.unparse(node.value), '')}.{node.attr}"
            if _is_ours(name) and _is_private(name):
                yield name


def _is_ours(name: str) -> bool:
    return name == "xetrack" or name.startswith("xetrack.")


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _is_private(name: str) -> bool:
    """Whether a name has a part with a leading underscore, or is neither a module nor in the `__all__` of one."""
    if any(part.startswith("_") and not part.startswith("__") for part in name.split(".")):
        return True
    if _is_module(name):
        return False
    module, _, attribute = name.rpartition(".")
    return attribute not in {*getattr(importlib.import_module(module), "__all__", ()), "__version__", "*"}
