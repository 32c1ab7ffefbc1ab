"""How Sphinx makes the site out of the Markdown of this repository: `uv run just site`.

The pages stay as a code host shows them. The source of the site is the repository itself, so that relative links
between its pages, in `docs/` or not, lead to the same place in both. What a site needs beyond that is added here, while
it is built: the navigation, and a page that a web server finds first.
"""

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent

# The navigation: under each heading, pages in this order. A pattern takes those that are not named before it.
NAVIGATION = {
    "Start": ["docs/getting-started.md", "docs/cli.md", "examples/README.md"],
    "Guides": [
        "docs/guides/experiments.md",
        "docs/guides/benchmarks.md",
        "docs/guides/*monitoring*.md",
        "docs/guides/*.md",
        "docs/logs.md",
        "docs/caching.md",
        "docs/assets.md",
        "docs/monitors.md",
        "docs/duckdb.md",
    ],
    "Reference": [
        "docs/rows.md",
        "docs/format.md",
        "docs/reference/cli.md",
        "docs/reference/api.md",
        "docs/reference/tracker.md",
        "docs/reference/reader.md",
        "docs/reference/options.md",
        "docs/reference/*.md",
    ],
    "Plugins": [
        "docs/plugins.md",
        "docs/plugins/tutorial.md",
        "docs/plugins/options.md",
        "docs/plugins/engines.md",
        "docs/plugins/testing.md",
        "docs/plugins/publishing.md",
        "docs/plugins/reference.md",
        "docs/plugins/*.md",
        "examples/plugins/*/README.md",
        "tests/toy-plugin/README.md",
    ],
    "Packages": ["packages/xetrack/README.md", "packages/xetrack-core/README.md", "packages/*/README.md"],
    "Project": [
        "docs/reliability.md",
        "docs/architecture.md",
        "SECURITY.md",
        "docs/benchmarks.md",
        "docs/migration.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "changes/README.md",
        "docs/*.md",
    ],
}

LINK = re.compile(r"(?<=\]\()([^)\s#:]+)(?=\))")


def navigation() -> dict[str, list[str]]:
    """The pages under each heading, each once, as Sphinx names them: without their suffix."""
    taken: dict[str, str] = {}
    for heading, patterns in NAVIGATION.items():
        for pattern in patterns:
            for page in sorted(ROOT.glob(pattern)):
                taken.setdefault(page.relative_to(ROOT).with_suffix("").as_posix(), heading)
    return {heading: [page for page, under in taken.items() if under == heading] for heading in NAVIGATION}


def toctree(heading: str, pages: list[str]) -> str:
    """Pages under a heading of the navigation, for Sphinx."""
    entries = "\n".join(f"/{page}" for page in pages)
    return f"\n\n```{{toctree}}\n:hidden:\n:caption: {heading}\n\n{entries}\n```\n"


def prepare(_: Any, name: str, source: list[str]) -> None:
    """Add the navigation to the first page; a link to a folder leads to its README, as it does on a code host."""
    folder = (ROOT / name).parent
    source[0] = LINK.sub(
        lambda link: f"{link[0]}/README.md" if (folder / link[0] / "README.md").is_file() else link[0], source[0]
    )
    if name == root_doc:
        source[0] += "".join(toctree(heading, pages) for heading, pages in navigation().items())


def add_index(app: Any, failure: Exception | None) -> None:
    """The first page is found where web servers look for it."""
    if failure is None:
        shutil.copyfile(app.outdir / f"{root_doc}.html", app.outdir / "index.html")


def setup(app: Any) -> None:
    """Have Sphinx call these."""
    app.connect("source-read", prepare)
    app.connect("build-finished", add_index)


project = "xetrack"
release = tomllib.loads((ROOT / "packages/xetrack-core/pyproject.toml").read_text(encoding="utf-8"))["project"][
    "version"
]
copyright = "the authors of xetrack"  # noqa: A001 - Sphinx's name

root_doc = "README"
source_suffix = {".md": "markdown"}
include_patterns = ["README.md", *(pattern for patterns in NAVIGATION.values() for pattern in patterns), "docs/**"]
exclude_patterns = [".*", "**/.*", "build", "dist"]

extensions = ["myst_parser"]
myst_heading_anchors = 4  # `page.md#a-heading`, as on a code host

nitpicky = True
smartquotes = False  # --option is one, and not a dash

html_theme = "furo"
html_title = f"xetrack {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "navigation_with_keys": True,
    "light_css_variables": {
        "color-brand-primary": "#0b6e99",
        "color-brand-content": "#0b6e99",
        "color-code-block": "#f3f6f8",
    },
    "dark_css_variables": {
        "color-brand-primary": "#5cc4ef",
        "color-brand-content": "#5cc4ef",
        "color-code-block": "#202428",
    },
}
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
