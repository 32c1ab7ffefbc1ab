"""What a function does to the variables around it, as its code tells."""

import dis
from functools import lru_cache
from types import CodeType

__all__ = ["outputs", "uses_docstring"]


def uses_docstring(code: CodeType) -> bool:
    """Whether the text that is the docstring is also a value in the code: one constant serves for both."""
    return any(each.opcode in dis.hasconst and each.arg == 0 for each in dis.get_instructions(code))


@lru_cache(maxsize=1024)
def outputs(code: CodeType) -> frozenset[str]:
    """The variables of an enclosing function that the code, or a function inside of it, gives new values."""
    rebound = {
        each.argval
        for each in dis.get_instructions(code)
        if each.opname in {"STORE_DEREF", "DELETE_DEREF"} and each.argval in code.co_freevars
    }
    for const in code.co_consts:
        if isinstance(const, CodeType):
            rebound |= outputs(const) & set(code.co_freevars)
    return frozenset(rebound)
