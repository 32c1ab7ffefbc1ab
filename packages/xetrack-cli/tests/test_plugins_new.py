"""`xt plugins new`: names, and what is never written over. What it writes is tried by tests/test_scaffold.py."""

import ast
import tomllib

import pytest

from xetrack import __version__
from xetrack_cli.plugins.scaffold import KINDS, make_names, render


def files_of(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_new_plugin_and_what_to_type_next(xt, tmp_path):
    done = xt("plugins", "new", "Acme.Sink", "--kind", "sink")
    assert (done.err, done.code) == ("", 0)
    assert done.out.splitlines() == [
        "Created acme-sink, a sink named 'acme_sink'. To try it:",
        "  cd acme-sink",
        "  pip install -e . --group dev",
        "  pytest && xt plugins doctor acme_sink",
    ]
    assert files_of(tmp_path / "acme-sink") == [
        ".gitignore",
        "README.md",
        "pyproject.toml",
        "src/acme_sink/__init__.py",
        "src/acme_sink/csvfile.py",
        "src/acme_sink/py.typed",
        "tests/test_acme_sink.py",
    ]


def test_a_folder_with_spaces(xt, tmp_path):
    done = xt("plugins", "new", "acme", "--kind", "monitor", "--directory", "my plugins")
    assert "cd 'my plugins/acme'" in done.out
    assert (tmp_path / "my plugins" / "acme" / "pyproject.toml").is_file()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_a_template_is_left(kind):
    files = render(make_names("xetrack-acme", kind), kind)
    for path, text in files.items():
        assert "template" not in path + text
        assert "xetrack_cli.templates" not in text
        if path.endswith(".py"):
            ast.parse(text)
            assert max(map(len, text.splitlines())) <= 120
    project = tomllib.loads(files["pyproject.toml"])
    major, minor, _ = __version__.split(".")
    needed = ["xetrack-core", "xetrack-cli"] if kind == "command" else ["xetrack-core"]
    pin = f">={major}.{minor},<{major}.{int(minor) + 1}"
    assert project["project"]["dependencies"] == [name + pin for name in needed]
    assert project["project"]["entry-points"]["xetrack"] == {"acme": "xetrack_acme"}
    assert "xetrack_api = 1" in files["src/xetrack_acme/__init__.py"]


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        ("acme", "snk", "Unknown kind 'snk'. Did you mean 'sink'?"),
        ("acme-", "sink", "Invalid name"),
        ("ac me", "sink", "Invalid name"),
        ("../acme", "sink", "Invalid name"),
        ("acme\n", "sink", "Invalid name"),
        ("日本", "sink", "Invalid name"),
        ("1st", "sink", "is not a Python identifier"),
        ("class", "sink", "is not a Python identifier"),
        ("xetrack-class", "sink", "is not a Python identifier"),
        ("xetrack-1", "sink", "is not a Python identifier"),
        ("xetrack", "sink", "is already a plugin or a part of xetrack"),
        ("Xetrack_Core", "sink", "is already a plugin or a part of xetrack"),
        ("xetrack-sinks", "sink", "is already a plugin or a part of xetrack"),
        ("json", "sink", "already has a module 'json'"),
        ("typer", "sink", "already has a module 'typer'"),
        ("xetrack-jsonl", "sink", "xetrack already uses 'jsonl'"),
        ("xetrack-cache-size-limit", "sink", "xetrack already uses 'cache_size_limit'"),
        ("xetrack-timeout", "monitor", "xetrack already uses 'timeout'"),
        ("xetrack-table", "cache", "xetrack already uses 'table'"),
        ("xetrack-memory", "engine", "xetrack already uses 'memory'"),
        ("xetrack-head", "command", "xetrack already uses 'head'"),
        ("xetrack-plugins", "command", "xetrack already uses 'plugins'"),
    ],
)
def test_names_that_cannot_be(xt, tmp_path, name, kind, told):
    done = xt("plugins", "new", name, "--kind", kind)
    assert (done.out, done.code) == ("", 2)
    assert told in done.err
    assert files_of(tmp_path) == []


def test_the_name_of_a_plugin_that_is_installed(shell, installed):
    installed("acme", "raise SystemExit")
    done = shell("plugins", "new", "Acme", "--kind", "sink")
    assert done.code == 2
    assert "acme is already a plugin or a part of xetrack" in done.err


def test_nothing_is_written_over(xt, tmp_path):
    folder = tmp_path / "acme"
    folder.mkdir()
    assert xt("plugins", "new", "acme", "--kind", "sink").code == 0  # an empty folder is as good as none
    (folder / "README.md").write_text("mine")
    done = xt("plugins", "new", "acme", "--kind", "cache")
    assert (done.out, done.code) == ("", 2)
    assert "acme already exists" in done.err
    assert (folder / "README.md").read_text() == "mine"
    (tmp_path / "other").write_text("mine")
    assert xt("plugins", "new", "other", "--kind", "cache").code == 2
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert xt("plugins", "new", "link", "--kind", "cache").code == 2


def test_a_kind_has_to_be_given(xt):
    done = xt("plugins", "new", "acme")
    assert done.code == 2
    assert "--kind" in done.err
