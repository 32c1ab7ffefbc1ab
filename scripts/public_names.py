"""Record the public names and signatures in tests/workspace/public_names.txt; `git diff` then shows what changed."""

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

SNAPSHOT = Path(__file__).resolve().parent.parent / "tests" / "workspace" / "public_names.txt"
MODULES = ("xetrack", "xetrack.errors", "xetrack.plugin", "xetrack.registry", "xetrack.sqlite", "xetrack_testing")


def text() -> str:
    """Every public name, with the members of classes, a line each."""
    return "".join(f"{line}\n" for module in MODULES for line in _module(importlib.import_module(module)))


def _module(module: ModuleType) -> Iterator[str]:
    yield f"[{module.__name__}]"
    for name in sorted(module.__all__):
        yield from _described(name, getattr(module, name))


def _described(name: str, value: object) -> Iterator[str]:
    if not inspect.isclass(value):
        yield f"{name}{_signature(value)}"
        return
    yield f"class {name}{_signature(value)}"
    if value.__module__.partition(".")[0].startswith("xetrack"):
        yield from (f"    {line}" for line in _members(value))


def _members(kind: type) -> Iterator[str]:
    own = {name: member for base in reversed(kind.__mro__) for name, member in vars(base).items() if _is_ours(base)}
    for name in sorted(own):
        if name.startswith("_"):
            continue
        member = own[name]
        if isinstance(member, property):
            yield f"{name} (property)"
        else:
            yield f"{name}{_signature(getattr(member, '__func__', member))}"


def _is_ours(base: type) -> bool:
    return base.__module__.partition(".")[0].startswith("xetrack")


def _signature(value: object) -> str:
    if not callable(value):
        return ""
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return ""
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values()]
    plain = str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))
    return re.sub(r" at 0x[0-9a-f]+", "", plain)


if __name__ == "__main__":
    SNAPSHOT.write_text(text(), encoding="utf-8")
