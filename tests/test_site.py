"""The site is built strictly and without network, and shows every page once; its reference is that of the code."""

import posixpath
import re
import subprocess
import sys
from collections import Counter
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[1]
PATTERNS = (
    "*.md",
    "docs/**/*.md",
    "packages/*/README.md",
    "changes/README.md",
    "examples/README.md",
    "examples/plugins/*/README.md",
    "tests/toy-plugin/README.md",
)
PAGES = {page.relative_to(ROOT).with_suffix(".html").as_posix() for pattern in PATTERNS for page in ROOT.glob(pattern)}
# Sphinx in a process that may not look up a host, nor connect to one.
BUILD = """
import sys
from sphinx.cmd.build import main

def refuse(event, arguments):
    if event.startswith(("socket.connect", "socket.getaddrinfo", "socket.gethostby")):
        raise OSError(f"the site is built without network: {event} {arguments}")

sys.addaudithook(refuse)
sys.exit(main(sys.argv[1:]))
"""
FETCHED = re.compile(r"<(?:link|script|img|iframe|source)\b[^>]*?\b(?:href|src)=[\"'](?:https?:)?//[^>]*>")
FETCHED_BY_STYLES = re.compile(r"(?:@import|url\()[\s\"']*(?:https?:)?//.*")
LINK = re.compile(r"<a\b[^>]*?\bhref=\"([^\"]+)\"")
ANCHOR = re.compile(r"\bid=\"([^\"]+)\"")
NAVIGATION = re.compile(r"<div class=\"sidebar-tree\">(.*?)</div>", re.DOTALL)


@pytest.mark.docs
def test_the_site_is_whole(tmp_path):
    site = build(tmp_path)
    html = {name: text for name, text in site.items() if name.endswith(".html")}
    check_navigation(html["README.html"])
    check_links(html, site)
    check_colours(html)
    assert html["index.html"] == html["README.html"]  # the first page, where web servers look for it
    assert not [found for text in html.values() for found in FETCHED.findall(text)]
    styles = [text for name, text in site.items() if name.endswith(".css")]
    assert styles
    assert not [found for text in styles for found in FETCHED_BY_STYLES.findall(text)]


def build(folder):
    """Build the site as `just site` does; the texts of its files, and None for a folder or what is no text."""
    options = ["-W", "--keep-going", "-q", "-c", ROOT / "docs", "-d", folder / "doctrees", ROOT, folder / "html"]
    done = subprocess.run([sys.executable, "-c", BUILD, *options], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return {
        path.relative_to(folder / "html").as_posix(): (
            path.read_text(encoding="utf-8") if path.suffix in {".css", ".html"} else None
        )
        for path in (folder / "html").rglob("*")
    }


def check_navigation(first_page):
    """Every page of the repository is in there once."""
    [navigation] = NAVIGATION.findall(first_page)
    assert Counter(LINK.findall(navigation)) == Counter(PAGES - {"README.html"})


def check_links(html, site):
    """Every link to somewhere inside leads to a file that is there, and to a place in it."""
    anchors = {name: set(ANCHOR.findall(text)) for name, text in html.items()}
    links = [(name, unescape(link)) for name, text in html.items() for link in LINK.findall(text)]
    inside = [(name, link) for name, link in links if not urlsplit(link).scheme and link != "#"]
    assert len(inside) > len(PAGES) ** 2  # the navigation alone, on every page
    for name, link in inside:
        url = urlsplit(link)
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(url.path))) if url.path else name
        assert target in site, f"{name}: {link}"
        assert not url.fragment or unquote(url.fragment) in anchors[target], f"{name}: {link}"


def check_colours(html):
    """Code is shown in colours: Python and shell, in docs/ and outside of it."""
    assert '<span class="kn">from</span>' in html["README.html"]
    assert '<span class="kn">from</span>' in html["docs/rows.html"]
    assert '<span class="gp">$ </span>' in html["docs/cli.html"]


@pytest.mark.docs
def test_the_reference_is_that_of_the_code():
    script = ROOT / "scripts" / "reference.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
