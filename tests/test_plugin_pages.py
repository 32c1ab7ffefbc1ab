"""docs/plugins documents all hooks, fields, errors and environment variables, and no others."""

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
    """Return the text below each heading of a page."""
    parts = re.split(r"^##+ (.*)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def heading(name):
    """Return the heading of a hook: its signature, with plain names of types."""
    signature = str(inspect.signature(getattr(Plugin(), name)))
    return f"`{name}{re.sub(r'[a-z_]+[.]', '', signature).replace(chr(39), '')}`"


def first_column(table):
    return set(re.findall(r"^\| `(\w+)[^|]*` \|", table, re.MULTILINE))


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_has_a_complete_section(name):
    text = sections(REFERENCE)[heading(name)]
    told = set(re.findall(r"^- \*\*(.+?)\*\*:? \S", text, re.MULTILINE))
    assert told == (OF_PROVIDERS if name in REGISTERING else OF_HOOKS)


def test_registering_hooks_have_a_complete_table():
    told = re.findall(r"^\| \*\*(.+?)\*\* \| \S", sections(REFERENCE)["Hooks that register"], re.MULTILINE)
    assert set(told) == OF_HOOKS


def test_every_section_is_about_a_hook():
    assert {title for title in sections(REFERENCE) if "xetrack_" in title} == set(map(heading, HOOKS))


@pytest.mark.parametrize("shape", [Provider, Context])
def test_every_field_is_documented(shape):
    assert first_column(sections(REFERENCE)[f"`{shape.__name__}`"]) == {each.name for each in fields(shape)}


def test_every_plugin_error_is_documented():
    ways = {each.__name__ for each in vars(errors).values() if isinstance(each, type)}
    ways = {name for name in ways if re.fullmatch(r"Plugin\w+Error", name)}
    assert set(re.findall(r"`(Plugin\w+Error)`", (DOCS / "plugins.md").read_text(encoding="utf-8"))) >= ways
    assert len(ways) > 4


def test_every_environment_variable_is_documented():
    core = Path(inspect.getsourcefile(errors)).parent
    known = {name for path in core.rglob("*.py") for name in re.findall(r'"(XETRACK_\w+)"', path.read_text("utf-8"))}
    assert len(known) > 2
    assert (
        set(re.findall(r"^\| `(XETRACK_\w+)", (DOCS / "plugins.md").read_text(encoding="utf-8"), re.MULTILINE)) == known
    )
