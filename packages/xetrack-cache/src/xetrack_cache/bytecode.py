"""What the bytecode of a function tells about its docstring and the variables of its closure.

A variable that a function only writes to, such as a list of its calls, does not change what it returns.
"""

import dis
import sys
from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from types import CodeType
from typing import Any

__all__ = ["is_read", "uses_docstring", "variable_uses"]

_COLLECTIONS = (list, set, deque)  # their append() and add() always succeed and return None


def uses_docstring(code: CodeType) -> bool:
    """Return whether the code loads its docstring as a value: one constant serves for both."""
    return any(each.opcode in dis.hasconst and each.arg == 0 for each in dis.get_instructions(code))


def is_read(uses: frozenset[str], value: object) -> bool:
    """Return whether code that has these uses for a variable may return something else if its value changes."""
    if not uses or "rebinds" in uses:
        return False
    return "reads" in uses or type(value) not in _COLLECTIONS


def variable_uses(code: CodeType, name: str) -> frozenset[str]:
    """Return what code, and the functions inside it, do with a variable: `rebinds`, `collects` or `reads`."""
    found = set(_uses_here(list(dis.get_instructions(code)), name))
    for const in code.co_consts:
        if isinstance(const, CodeType) and name in const.co_freevars:
            found |= variable_uses(const, name)
    return frozenset(found)


def _uses_here(steps: list[Any], name: str) -> Iterator[str]:
    for step, after in pairwise(steps):
        if step.argval != name or step.opcode not in dis.hasfree:
            continue
        if step.opname in {"STORE_DEREF", "DELETE_DEREF"}:
            yield "rebinds"
        elif step.opname != "LOAD_CLOSURE":  # which hands it to a function inside
            yield "collects" if after.argval in {"append", "add"} and _is_method_call(after) else "reads"


def _is_method_call(step: Any) -> bool:
    """Return whether a method is loaded to be called at once. Python 3.11 has LOAD_METHOD for that."""
    return step.opname == "LOAD_METHOD" or (step.opname == "LOAD_ATTR" and sys.version_info >= (3, 12) and step.arg & 1)
