"""What a function does to the variables around it, as its code tells.

A variable that a function only writes to, such as a counter of its calls, has no say in what it returns.
"""

import dis
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType
from typing import Any

__all__ = ["is_read", "uses_docstring"]

_COLLECTORS = (list, set, deque)  # whose append() and add() always work, and return None
_COUNTERS = (list, dict, Counter, defaultdict)  # `counter[key] += 1` tells nobody what it found
_COUNTED = ["COPY", "COPY", "BINARY_SUBSCR", "LOAD_CONST", "BINARY_OP", "SWAP", "SWAP", "STORE_SUBSCR"]


def uses_docstring(code: CodeType) -> bool:
    """Whether the text that is the docstring is also a value in the code: one constant serves for both."""
    return any(each.opcode in dis.hasconst and each.arg == 0 for each in dis.get_instructions(code))


def is_read(code: CodeType, name: str, value: object) -> bool:
    """Whether the code, or a function inside of it, can tell that the variable `name` of a closure is `value`."""
    uses = _uses(code, name)
    if "rebinds" in uses:
        return False
    kind = type(value)
    return not (
        uses <= {"collects", "counts"}
        and ("collects" not in uses or kind in _COLLECTORS)
        and ("counts" not in uses or kind in _COUNTERS)
    )


@lru_cache(maxsize=4096)
def _uses(code: CodeType, name: str) -> frozenset[str]:
    """What is done with a variable: `rebinds`, `collects`, `counts`, or `reads`, which is anything else."""
    found = set(_uses_here(list(dis.get_instructions(code)), name))
    for const in code.co_consts:
        if isinstance(const, CodeType) and name in const.co_freevars:
            found |= _uses(const, name)
    return frozenset(found)


def _uses_here(steps: list[Any], name: str) -> Iterator[str]:
    for index, step in enumerate(steps):
        if step.argval != name or step.opcode not in dis.hasfree:
            continue
        if step.opname in {"STORE_DEREF", "DELETE_DEREF"}:
            yield "rebinds"
        elif step.opname != "LOAD_CLOSURE":  # that hands it to a function inside, which is looked at too
            yield _use(steps[index + 1 : index + 10])


def _use(after: list[Any]) -> str:
    """What is done with a value that was just loaded."""
    names = [step.opname for step in after]
    if after[0].argval in {"append", "add"} and _is_method_call(after[0]):
        return "collects"
    if names[0] in {"LOAD_CONST", "LOAD_FAST"} and names[1:] == _COUNTED and after[1].arg == after[2].arg == 2:  # noqa: PLR2004 - both of the two on top
        return "counts"
    return "reads"


def _is_method_call(step: Any) -> bool:
    """Whether a method is loaded to be called at once, rather than handed on. LOAD_METHOD is of Python 3.11."""
    return step.opname == "LOAD_METHOD" or (step.opname == "LOAD_ATTR" and sys.version_info >= (3, 12) and step.arg & 1)
