"""What docs/plugins says of hooks, providers, contexts and errors is what there is: nothing is left out or made up."""

import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest

from xetrack import Plugin, Provider, errors
from xetrack.plugin import Context
from xetrack.registry import KINDS

DOCS = Path(__file__).parents[1] / "docs"
REFERENCE = (DOCS / "plugins" / "reference.md").read_text(encoding="utf-8")
HOOKS = [name for name, hook in vars(Plugin).items() if hasattr(hook, "xetrack_spec")]
REGISTERING = [f"xetrack_{kind}" for kind in KINDS]
OF_HOOKS = {"Fires", "Arguments", "May return", "May raise"}
OF_PROVIDERS = {"Chosen", "Opened", "`open` may return", "`open` may raise"}


def sections(text):
    """What is under each heading of a page."""
    parts = re.split(r"^##+ (.*)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def heading(name):
    """A hook as its spec has it, with the plain names of types."""
    signature = str(inspect.signature(getattr(Plugin(), name)))
    return f"`{name}{re.sub(r'[a-z_]+[.]', '', signature).replace(chr(39), '')}`"


def first_column(table):
    return set(re.findall(r"^\| `(\w+)[^|]*` \|", table, re.MULTILINE))


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_has_a_section_that_tells_everything(name):
    text = sections(REFERENCE)[heading(name)]
    told = set(re.findall(r"^- \*\*(.+?)\*\*:? \S", text, re.MULTILINE))
    assert told == (OF_PROVIDERS if name in REGISTERING else OF_HOOKS)


def test_what_hooks_that_register_have_in_common_is_told():
    told = re.findall(r"^\| \*\*(.+?)\*\* \| \S", sections(REFERENCE)["Hooks that register"], re.MULTILINE)
    assert set(told) == OF_HOOKS


def test_there_is_no_section_of_a_hook_that_is_none():
    assert {title for title in sections(REFERENCE) if "xetrack_" in title} == set(map(heading, HOOKS))


@pytest.mark.parametrize("shape", [Provider, Context])
def test_every_field_is_told(shape):
    assert first_column(sections(REFERENCE)[f"`{shape.__name__}`"]) == {each.name for each in fields(shape)}


def test_every_way_in_which_a_plugin_fails_is_told():
    ways = {each.__name__ for each in vars(errors).values() if isinstance(each, type)}
    ways = {name for name in ways if re.fullmatch(r"Plugin\w+Error", name)}
    assert set(re.findall(r"`(Plugin\w+Error)`", (DOCS / "plugins.md").read_text(encoding="utf-8"))) >= ways
    assert len(ways) > 4


def test_every_environment_variable_is_told():
    core = Path(inspect.getsourcefile(errors)).parent
    known = {name for path in core.rglob("*.py") for name in re.findall(r'"(XETRACK_\w+)"', path.read_text("utf-8"))}
    assert len(known) > 2
    assert (
        set(re.findall(r"^\| `(XETRACK_\w+)", (DOCS / "plugins.md").read_text(encoding="utf-8"), re.MULTILINE)) == known
    )
