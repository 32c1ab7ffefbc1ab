"""Lists, tuples, dicts, sets and configs as JSON, and the objects in them that JSON cannot hold."""

import re
import types
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from xetrack._rows.configs import fields_of

__all__ = ["CONTAINERS", "Path", "encode", "label", "path_text", "plain_copy"]

CONTAINERS = (list, tuple, dict, set, frozenset)

Path: TypeAlias = tuple[object, ...]
"""The place of a part of a logged value: the key of the event, then a key or index for each level."""

_SCALARS = frozenset({type(None), bool, int, float, str})
_TEXT = frozenset({str})

# Deeper containers, and circular ones, take the slow path.
_MAX_DEPTH = 50

_LABELS = (
    type,
    types.GenericAlias,
    types.UnionType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.ModuleType,
    range,
    slice,
    re.Pattern,
)
_LABEL_LIBRARIES = frozenset({"jax", "jaxlib", "numpy", "pandas", "polars", "pyarrow", "tensorflow", "torch"})
_LABEL_NAMES = frozenset(
    {"DType", "DataType", "Device", "ExtensionDtype", "device", "dtype", "layout", "memory_format", "ufunc"}
)


def plain_copy(container: Any) -> Any | None:
    """Return a copy, with lists for tuples, if JSON can hold the container without loss; else None.

    The fast path: most containers are plain.
    """
    try:
        return _copied(container, _MAX_DEPTH)
    except _NotPlainError:
        return None


def _copied(container: Any, depth: int) -> Any:
    kind = type(container)
    if kind is dict and depth and _TEXT.issuperset(map(type, container)):
        if _SCALARS.issuperset(map(type, container.values())):
            return container.copy()
        return {key: item if type(item) in _SCALARS else _copied(item, depth - 1) for key, item in container.items()}
    if (kind is list or kind is tuple) and depth:
        if _SCALARS.issuperset(map(type, container)):
            return list(container)
        return [item if type(item) in _SCALARS else _copied(item, depth - 1) for item in container]
    raise _NotPlainError


class _NotPlainError(Exception):
    """The container holds something that JSON cannot, or is nested too deeply for the fast path."""


def encode(
    container: Any,
    path: Path,
    leaf: Callable[[Path, Any], object],
    key_text: Callable[[object], str | None],
) -> Any:
    """Return the container as lists and dicts with text keys.

    Args:
        container: one of `CONTAINERS`, or a config, nested to any depth.
        path: its place.
        leaf: returns the JSON form of anything else. It also gets a whole dict if the texts of two keys are equal.
        key_text: returns the text of a key that is not text, or None if there is none.
    """
    if type(container) in _SCALARS:
        return leaf(path, container)
    if isinstance(container, (set, frozenset)):
        container = _in_order(container)
    if isinstance(container, (list, tuple)):
        return [encode(item, (*path, index), leaf, key_text) for index, item in enumerate(container)]
    fields = container if isinstance(container, dict) else fields_of(container)
    if fields is None:
        return leaf(path, container)
    texts = [key if type(key) is str else key_text(key) for key in fields]
    if None in texts or len(set(texts)) < len(texts):
        return leaf(path, fields)
    pairs = zip(texts, fields.items(), strict=True)
    return {text: encode(item, (*path, key), leaf, key_text) for text, (key, item) in pairs}


def _in_order(members: Iterable[Any]) -> list[Any]:
    """Sort a set, because the order of its members may change between processes."""
    try:
        return sorted(members)
    except TypeError:
        return sorted(members, key=repr)


def label(value: object) -> str | None:
    """Return the text of a value that only names something; None for any other value.

    These are classes, functions, modules, ranges, patterns, and the devices and dtypes of array libraries. In a config,
    their text says as much as the object.
    """
    if isinstance(value, _LABELS):
        name = getattr(value, "__qualname__", None)
        if name is None or isinstance(value, types.GenericAlias):
            return value.__name__ if isinstance(value, types.ModuleType) else repr(value)
        module = getattr(value, "__module__", None)
        return name if module in {None, "builtins"} else f"{module}.{name}"
    for kind in type(value).__mro__:
        if kind.__name__ in _LABEL_NAMES and kind.__module__.partition(".")[0] in _LABEL_LIBRARIES:
            return str(value)
    return None


def path_text(path: Path) -> str:
    """Return a path in Python's syntax: `config['layers'][0]`."""
    return str(path[0]) + "".join(f"[{key!r}]" for key in path[1:])
