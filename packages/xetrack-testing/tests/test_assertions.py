"""A failing contract shows the values that it compared: pytest rewrites the asserts of every module of the kit."""

import importlib
from pkgutil import walk_packages

import pytest

import xetrack_testing

MODULES = [module.name for module in walk_packages(xetrack_testing.__path__, "xetrack_testing.")]


@pytest.mark.parametrize("name", MODULES)
def test_asserts_are_rewritten(name):
    assert type(importlib.import_module(name).__loader__).__name__ == "AssertionRewritingHook"


def test_there_are_modules():
    assert {"xetrack_testing.engine.order", "xetrack_testing.sink"} < set(MODULES)
