"""Implementations with exactly one fault, and the tests of the contract that must catch it.

A file `broken_<kind>.py` has broken implementations, each marked with the tests that must fail, and a correct one that
must pass. `test_proofs.py` runs it in a separate process.
"""

import sys

__all__ = ["broken"]


def broken(right, *tests):
    """Mark an implementation, a class or a function, as broken: `tests` of the contract `right` must fail.

    `right` is the contract of the correct implementation, which it opens as `self.made`.
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
