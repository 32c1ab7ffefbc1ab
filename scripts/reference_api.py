"""The pages of the public names, made from their source: signatures and docstrings, as Markdown.

griffe reads the source without importing it. A name without a docstring, or a docstring with a section that is not
known here, ends this with an error.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import griffe

ROOT = Path(__file__).resolve().parent.parent
MADE = "This page is made from the docstrings."
MAX_WIDTH = 100
PLAIN_METHODS = {"__contains__", "__getitem__", "__iter__", "__len__"}  # what a reader would not guess
OWN = {"start", "record", "warn", "all_params"}  # of a tracker: a call says them to it, nobody else does
TITLES = {"parameters": "Arguments", "attributes": "Attributes", "raises": "Raises"}


@dataclass(frozen=True)
class Page:
    """A page: its title, what it says first, and the names on it: `module.*` are all of a module's `__all__`."""

    title: str
    says: str
    names: tuple[str, ...]


PAGES = {
    "tracker.md": Page("Tracker", "Logs the rows of one run.", ("xetrack.tracker.Tracker",)),
    "reader.md": Page(
        "Reader and copy",
        "Reads the rows of all runs, and merges databases.",
        ("xetrack.reader.Reader", "xetrack._copying.copy.*"),
    ),
    "options.md": Page(
        "Options of engines and plugins",
        "What `Tracker(db, ..., option=value)` takes, and what takes it. A `Reader` takes those of engines and asset "
        "stores.",
        (
            "xetrack._sqlite.engine.SqliteOptions",
            "xetrack_duckdb.DuckdbOptions",
            "xetrack_assets.AssetOptions",
            "xetrack_cache.CacheOptions",
            "xetrack_sinks.JsonlOptions",
            "xetrack_sinks.LogsOptions",
            "xetrack_monitors.options.MonitorOptions",
        ),
    ),
    "errors.md": Page(
        "Errors and warnings",
        "All of `xetrack.errors`. `except ValueError` and the like work without knowing ours.",
        ("xetrack.errors.*",),
    ),
    "hooks.md": Page(
        "Hooks",
        "What a plugin may implement, from `xetrack.plugin`. [Every hook](../plugins/reference.md) shows each at work.",
        ("xetrack._spec.hooks.*",),
    ),
    "protocols.md": Page(
        "What plugins promise",
        "The protocols and types in `xetrack.plugin`. An object keeps a promise by having the methods: nothing needs "
        "to inherit.",
        tuple(
            f"xetrack._spec.{module}.*"
            for module in ("provider", "types", "engine", "changes", "assets", "cache", "sinks", "monitors")
        ),
    ),
    "plugin.md": Page(
        "Helpers for plugins",
        "What else is in `xetrack.plugin`: rows and their encoding, locks that survive a fork, checks of arguments, "
        "text.",
        ("xetrack.plugin.*",),
    ),
    "sqlite.md": Page(
        "The SQLite file",
        "All of `xetrack.sqlite`: what plugins that work on the SQLite file may use.",
        ("xetrack.sqlite.*",),
    ),
    "registry.md": Page(
        "What is plugged in",
        "All of `xetrack.registry`, for tools that list plugins.",
        ("xetrack.registry.*",),
    ),
    "testing.md": Page(
        "The conformance kit",
        "All of `xetrack_testing`, without the tests themselves. [How to test a plugin](../plugins/testing.md) shows "
        "it at work.",
        ("xetrack_testing.*",),
    ),
}


INTRODUCTION = """\
# The Python API

`from xetrack import ...` gives {names}; `xetrack.__version__` is the version as text.
The other names are in the modules that their pages tell.
"""


def pages() -> dict[str, str]:
    """The text of each page by its name."""
    made = {name: "\n".join(text_of(name, page)) for name, page in PAGES.items()}
    return {"api.md": linked("\n".join(overview()), "api.md"), **made}


def overview() -> Iterator[str]:
    """The page that lists all names."""
    public = [f"`{name}`" for name in source()["xetrack"].exports if not name.startswith("_")]
    yield INTRODUCTION.format(names=", ".join(public))
    for name, page in PAGES.items():
        rows = [f"| `{each.name}` | {first_sentence(each)} |" for each in objects(page) if not is_error(each)]
        yield "\n".join([f"## [{page.title}]({name})\n", f"{page.says}\n", "| name | |", "| --- | --- |", *rows, ""])


def first_sentence(found: Any) -> str:
    """How a docstring begins."""
    return " ".join(told(found).partition("\n\n")[0].split()).partition(". ")[0].removesuffix(".") + "."


def text_of(name: str, page: Page) -> Iterator[str]:
    """A page: its title, then each name."""
    yield f"# {page.title}\n\n{page.says} {MADE}\n"
    errors = [each for each in objects(page) if is_error(each)]
    if errors:
        yield linked(table_of(errors), name)
    for each in objects(page):
        if each not in errors:
            yield linked(section(each), name)


@cache
def source() -> Any:
    """Every package of ours, as griffe knows it."""
    loader = griffe.GriffeLoader(search_paths=list(ROOT.glob("packages/*/src")), docstring_parser="google")
    loaded = [loader.load(path.parent.name) for path in ROOT.glob("packages/*/src/*/__init__.py")]
    loader.resolve_aliases()
    return loaded[0].modules_collection


@cache
def objects(page: Page) -> list[Any]:
    """What the names of a page stand for, in the order in which they are in the source."""
    return [found for name in page.names for found in found_as(name)]


def found_as(name: str) -> list[Any]:
    """What a name of a page stands for."""
    if not name.endswith(".*"):
        return [source()[name]]
    module = source()[name.removesuffix(".*")]
    found = [source()[module.imports.get(each, f"{module.path}.{each}")] for each in module.exports]
    if "._" not in name:  # what plugins promise, and the hooks, have pages of their own
        found = [each for each in found if not each.canonical_path.startswith("xetrack._spec.")]
    return sorted(found, key=lambda each: each.lineno if each.parent is module else 0)  # others: as they are listed


def is_error(found: Any) -> bool:
    """Whether it is an exception or a warning."""
    return bool(found.is_class and found.name.endswith(("Error", "Warning")))


def table_of(errors: list[Any]) -> str:
    """Exceptions, each with what it is too and when it is raised."""
    rows = [f"| `{each.name}` | {', '.join(f'`{base}`' for base in each.bases)} | {told(each)} |" for each in errors]
    return "\n".join(["| error | is a | when |", "| --- | --- | --- |", *rows, ""])


def section(found: Any, owner: str = "", depth: int = 2) -> str:
    """All there is to say of a class, a function or a value."""
    name = f"{owner}.{found.name}" if owner else found.name
    parts = [f"{'#' * depth} `{name}`", f"```py\n{declared(found)}\n```", told(found)]
    if found.is_class:
        parts += [section(each, name, depth + 1).rstrip() for each in members(found)]
    return "\n\n".join(parts) + "\n"


def members(found: Any) -> list[Any]:
    """The public members of a class that say what they do, its own in the order of the source, then inherited ones."""
    every = [*found.members.values(), *found.inherited_members.values()]
    if found.name.endswith("Contract"):  # of a class of tests, what its docstring says to write
        return [each for each in every if each.has_docstring and re.search(rf"`{each.name}\b", found.docstring.value)]
    return [each for each in every if is_told(each)]


def is_told(member: Any) -> bool:
    """Whether a member of a class has its own section."""
    if member.name.startswith("_"):
        return member.name in PLAIN_METHODS and member.has_docstring
    return member.name not in OWN and not (is_field(member) and not member.docstring)


def is_field(member: Any) -> bool:
    """Whether it is a plain attribute, which the declaration of its class shows."""
    return bool(member.is_attribute and "property" not in member.labels)


def declared(found: Any) -> str:
    """The declaration, as it is in the source."""
    if found.is_class:
        return class_declared(found)
    if found.is_function:
        return "\n".join(signature(each) for each in found.overloads or [found])
    if is_field(found):
        kind = f": {found.annotation}" if found.annotation is not None else ""
        return f"{found.name}{kind}" + (f" = {quoted(found.value)}" if found.value is not None else "")
    return f"{found.name} -> {found.annotation}  # a property"


def class_declared(found: Any) -> str:
    """A class as it is made: with its arguments, or with its fields."""
    fields = [each for each in found.members.values() if is_field(each) and not each.name.startswith("_")]
    if "__init__" in found.members:
        return signature(found.members["__init__"], found.name, returns=False)
    bases = f"({', '.join(map(str, found.bases))})" if found.bases else ""
    lines = [f"    {declared(each)}" for each in fields if each.annotation is not None and not each.docstring]
    return "\n".join([f"class {found.name}{bases}:" if lines else f"class {found.name}{bases}", *lines])


def signature(function: Any, name: str = "", *, returns: bool = True) -> str:
    """A signature in one line, or in a line an argument where that is too long."""
    if "property" in function.labels:
        return f"{function.name} -> {function.annotation}  # a property"
    name, end = name or function.name, f" -> {function.returns}" if returns and function.returns else ""
    arguments = list(spelt(function))
    line = f"{name}({', '.join(arguments)}){end}"
    if len(line) <= MAX_WIDTH:
        return line
    return "\n".join([f"{name}(", *(f"    {each}," for each in arguments), f"){end}"])


def spelt(function: Any) -> Iterator[str]:
    """The arguments as in the source, with `/` and `*` where they belong, and without `self`."""
    kinds, before = griffe.ParameterKind, None
    for each in function.parameters:
        if before is kinds.positional_only and each.kind is not before:
            yield "/"
        if each.kind is kinds.keyword_only and before not in {kinds.keyword_only, kinds.var_positional}:
            yield "*"
        before = each.kind
        if each.name in {"self", "cls"}:
            continue
        star = {kinds.var_positional: "*", kinds.var_keyword: "**"}.get(each.kind, "")
        kind = f": {each.annotation}" if each.annotation is not None else ""
        equals = "" if star or each.default is None else f"{' = ' if kind else '='}{quoted(each.default)}"
        yield f"{star}{each.name}{kind}{equals}"


def quoted(value: Any) -> str:
    """A value as the source spells it: griffe puts text into single quotes."""
    return str(value).replace("'", '"')


def told(found: Any) -> str:
    """The docstring. Raises `LookupError` if there is none."""
    if not found.docstring:
        raise LookupError(f"{found.canonical_path} has no docstring.")
    sections = found.docstring.parse("google", warnings=False)
    return "\n\n".join(part(each).replace("```python", "```py") for each in sections)


def part(each: Any) -> str:
    """One section of a docstring."""
    if each.kind.value == "text":
        return str(each.value)
    if each.kind.value == "returns":
        return "**Returns**\n\n" + " ".join(" ".join(item.description.split()) for item in each.value)
    lines = [f"* {item_name(item)}: {' '.join(item.description.split())}" for item in each.value]
    return "\n".join([f"**{TITLES[each.kind.value]}**\n", *lines])


def item_name(item: Any) -> str:
    """The names that an item of a list in a docstring is about, as code."""
    name = getattr(item, "name", None) or item.annotation
    return ", ".join(f"`{each.strip()}`" for each in str(name).strip("()").split(","))


@cache
def homes() -> dict[str, tuple[str, str]]:
    """The page and the anchor of each class and function that has one."""
    found = {each.name: (name, each) for name, page in PAGES.items() for each in objects(page)}
    return {name: (page, "" if is_error(each) else f"#{name.lower()}") for name, (page, each) in found.items()}


def linked(text: str, page: str) -> str:
    """The text with a link at each name that has a section, except in code and headings."""

    def link(match: re.Match[str]) -> str:
        home, anchor = homes()[match[1]]
        return match[0] if home == page and not anchor else f"[{match[0]}]({home if home != page else ''}{anchor})"

    names = "|".join(sorted(homes(), key=len, reverse=True))
    known = re.compile(rf"(?<!\[)`({names})`")
    parts = re.split(r"(^```.*?^```$|^#[^\n]*$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(known.sub(link, each) if index % 2 == 0 else each for index, each in enumerate(parts))
