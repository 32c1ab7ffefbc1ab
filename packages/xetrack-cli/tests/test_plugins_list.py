"""`xt plugins list`: what is installed, without importing any of it."""

import json
import subprocess
import sys

import pytest

from xetrack_cli.plugins.catalogue import hooks_in_source

pytestmark = pytest.mark.usefixtures("here")

WRITES = """
from pathlib import Path
Path("imported").touch()
from xetrack import hookimpl

@hookimpl
def xetrack_sinks():
    return []

@hookimpl
def xetrack_run_started(run):
    pass
"""
LOADED = """
import sys
from xetrack_cli.main import run
code = run(["plugins", "list", "--json"])
print(*sorted(sys.modules), file=sys.stderr)
"""


@pytest.fixture
def listed(xt):
    def rows():
        done = xt("plugins", "list", "--json")
        assert (done.err, done.code) == ("", 0)
        return {row["distribution"]: row for row in json.loads(done.out)}

    return rows


def test_a_plugin_is_listed_and_not_imported(listed, installed, tmp_path):
    installed("acme", WRITES)
    assert listed()["acme"] == {
        "distribution": "acme",
        "version": "1.0",
        "plugin": "acme",
        "target": "acme_plugin",
        "hooks": ["run_started", "sinks"],
        "disabled": False,
        "shadowed": False,
        "namesakes": [],
        "location": str(tmp_path / "site"),
    }
    assert not (tmp_path / "imported").exists()


def test_no_plugin_and_nothing_heavy_is_imported(installed, tmp_path):
    installed("acme", WRITES)
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    modules = set(done.stderr.split())
    assert "xetrack_cli.plugins.catalogue" in modules
    heavy = {"pandas", "numpy", "duckdb", "rich", "tabulate", "xetrack_cli.plugins.checkup"}
    plugins = {row["target"].partition(":")[0] for row in json.loads(done.stdout)}
    assert "acme_plugin" in plugins
    assert not modules & (heavy | plugins)


UNTOLD = {
    "quits": "raise SystemExit(3)",
    "hangs": "while True: pass",
    "ends": "import os; os._exit(1)",
    "lacks": "import a_module_that_nobody_has",
    "newer": "xetrack_api = 2",
    "misspelt": "def broken(:",
    "nul": "\0",
    "deep": "x = " + "(" * 300,
}


def test_what_cannot_be_told_is_not_guessed(listed, shell, installed):
    for name, source in UNTOLD.items():
        installed(name, source)
    rows = listed()
    assert [rows[name]["hooks"] for name in UNTOLD] == [None] * len(UNTOLD)
    done = shell("plugins", "list")
    assert (done.err, done.code) == ("", 0)
    assert done.out.count("| ? ") >= len(UNTOLD)


def test_a_target_that_is_nowhere(listed, installed):
    installed("lost", "", target="no.such.module:thing")
    installed("builtin", "", target="sys")
    assert listed()["lost"]["hooks"] is None
    assert listed()["builtin"]["hooks"] is None


@pytest.mark.parametrize(
    ("source", "hooks"),
    [
        ("from acme_other import xetrack_engines", ["engines"]),
        ("from acme_other import engines as xetrack_engines", ["engines"]),
        ("class Plugin:\n    def xetrack_monitors(self): ...", ["monitors"]),
        ("def xetrack_helper(): ...", None),
        ("from xetrack_sinks import something", None),
    ],
)
def test_hooks_are_read_from_the_source(tmp_path, monkeypatch, source, hooks):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "acme_hooks.py").write_text(source)
    assert hooks_in_source("acme_hooks:plugin") == hooks
    assert "acme_hooks" not in sys.modules


def test_a_module_inside_of_packages_is_found_without_importing_these(tmp_path, monkeypatch):
    inner = tmp_path / "acme_outer" / "inner"
    inner.mkdir(parents=True)
    for each in (inner, inner.parent):
        (each / "__init__.py").write_text("raise RuntimeError")
    (inner / "hooks.py").write_text("def xetrack_caches(): ...")
    monkeypatch.syspath_prepend(tmp_path)
    assert hooks_in_source("acme_outer.inner.hooks") == ["caches"]
    assert hooks_in_source("acme_outer.inner.nothing") is None


def test_what_is_switched_off_says_so(listed, xt, installed, monkeypatch):
    installed("acme", WRITES)
    monkeypatch.setenv("XETRACK_DISABLE_PLUGINS", "acme")
    assert listed()["acme"]["disabled"] is True
    assert "switched off" in xt("plugins", "list").out


def test_two_plugins_of_one_name(listed, xt, installed, tmp_path):
    installed("acme", WRITES)
    installed("rival", WRITES)
    (tmp_path / "site" / "rival-1.0.dist-info" / "entry_points.txt").write_text("[xetrack]\nacme = rival_plugin\n")
    assert listed()["acme"]["namesakes"] == ["rival"]
    assert "acme has one of this name" in xt("plugins", "list").out


def test_a_copy_later_on_the_path_is_shadowed(xt, installed, tmp_path, monkeypatch):
    installed("acme", WRITES)
    installed("acme", WRITES, site=tmp_path / "later")
    monkeypatch.setattr("sys.path", [*sys.path, str(tmp_path / "later")])
    rows = json.loads(xt("plugins", "list", "--json").out)
    assert [row["shadowed"] for row in rows if row["distribution"] == "acme"] == [False, True]
    assert f"shadowed: {tmp_path / 'later'}" in xt("plugins", "list").out


def test_a_distribution_whose_metadata_are_gone_is_listed(xt, installed, tmp_path):
    installed("acme", WRITES)
    (tmp_path / "site" / "acme-1.0.dist-info" / "METADATA").unlink()
    done = xt("plugins", "list")
    assert done.code == 0
    assert "a distribution without metadata" in done.out


def test_no_plugin_at_all(xt, monkeypatch):
    monkeypatch.setattr("xetrack_cli.plugins.catalogue.installed", tuple)
    monkeypatch.setattr("xetrack_cli.plugins.catalogue.shadowed", tuple)
    assert xt("plugins", "list") == ("no plugins\n", "", 0)
    assert xt("plugins", "list", "--json") == ("[]\n", "", 0)
