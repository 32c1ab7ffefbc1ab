"""`xt plugins list`: what is installed, without importing any of it."""

import json
import subprocess
import sys

import pytest

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
        "state": "enabled",
        "location": str(tmp_path / "site"),
    }
    assert not (tmp_path / "imported").exists()


def test_no_plugin_and_nothing_heavy_is_imported(installed, tmp_path):
    installed("acme", WRITES)
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    modules = set(done.stderr.split())
    assert "xetrack_cli.commands.plugins" in modules
    heavy = {"pandas", "numpy", "duckdb", "rich", "xetrack_cli.plugins.doctor"}
    plugins = {row["target"].partition(":")[0] for row in json.loads(done.stdout)}
    assert "acme_plugin" in plugins
    assert not modules & (heavy | plugins)


BROKEN = ("raise SystemExit(3)", "while True: pass", "import a_module_that_nobody_has", "def broken(:", "\0")


def test_a_broken_plugin_is_listed_as_any_other(listed, installed):
    for number, source in enumerate(BROKEN):
        installed(f"broken{number}", source)
    installed("lost", "", target="no.such.module:thing")
    rows = listed()
    assert [rows[f"broken{number}"]["state"] for number in range(len(BROKEN))] == ["enabled"] * len(BROKEN)
    assert rows["lost"]["target"] == "no.such.module:thing"


def test_what_is_switched_off_says_so(listed, xt, installed, monkeypatch):
    installed("acme", WRITES)
    monkeypatch.setenv("XETRACK_DISABLE_PLUGINS", "acme")
    assert listed()["acme"]["state"] == "disabled"
    assert "| disabled" in xt("plugins", "list").out


def test_a_copy_later_on_the_path_is_shadowed(xt, installed, tmp_path, monkeypatch):
    installed("acme", WRITES)
    installed("acme", WRITES, site=tmp_path / "later")
    monkeypatch.setattr("sys.path", [*sys.path, str(tmp_path / "later")])
    rows = json.loads(xt("plugins", "list", "--json").out)
    found = [(row["state"], row["location"]) for row in rows if row["distribution"] == "acme"]
    assert found == [("enabled", str(tmp_path / "site")), ("shadowed", str(tmp_path / "later"))]
    assert "| shadowed" in xt("plugins", "list").out


def test_a_distribution_whose_metadata_are_gone_is_listed(xt, installed, tmp_path):
    installed("acme", WRITES)
    (tmp_path / "site" / "acme-1.0.dist-info" / "METADATA").unlink()
    done = xt("plugins", "list")
    assert done.code == 0
    assert "a distribution without metadata" in done.out


def test_no_plugin_at_all(xt, monkeypatch):
    monkeypatch.setattr("xetrack_cli.commands.plugins.installed", tuple)
    monkeypatch.setattr("xetrack_cli.commands.plugins.shadowed", tuple)
    assert xt("plugins", "list") == ("no plugins\n", "", 0)
    assert xt("plugins", "list", "--json") == ("[]\n", "", 0)
