"""Implementations that are right but for one thing, and the tests that must catch them.

A file `broken_<kind>.py` has a right one, whose contract must pass, and broken ones, each with the tests of the
contract that must fail. `test_proofs.py` runs it in a process of its own.
"""

import sys

__all__ = ["broken"]


def broken(right, *tests):
    """Mark a class, or a function that makes the thing, as one that `tests` of the contract `right` must catch.

    `right` is the contract as the right implementation fulfils it: it opens what its attribute `made` names.
    """
    missing = [name for name in tests if not callable(getattr(right, name, None))]
    assert not missing, f"no such tests: {missing}"

    def mark(made):
        others = {name: None for name in dir(right) if name.startswith("test_") and name not in tests}
        module, name = made.__module__, f"Test{made.__name__}"
        contract = type(name, (right,), {**others, "__module__": module, "made": staticmethod(made), "proves": tests})
        setattr(sys.modules[module], name, contract)
        return made

    return mark
