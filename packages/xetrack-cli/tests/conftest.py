"""A database to look at, and `xt` in three ways: in this process, in one of its own, and on a terminal."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from xetrack import Tracker
from xetrack._plugins import discovery
from xetrack.registry import discovered
from xetrack_cli.main import run

sys.path.insert(0, str(Path(__file__).parent))  # where tests find cli_terminals


class Done(NamedTuple):
    """What a command printed, and how it ended."""

    out: str
    err: str
    code: int


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    """A folder of its own, and nothing of the environment that `xt` heeds; plugins of this environment are left out."""
    for name in ("XETRACK_DB", "XETRACK_STRICT_PLUGINS", "XETRACK_SAFE", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XETRACK_DISABLE_PLUGINS", "*")
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    monkeypatch.chdir(tmp_path)
    forget_plugins()
    yield
    forget_plugins()


def forget_plugins():
    """Have this process look for plugins anew."""
    for cached in (discovery.scan, discovered):
        cached.cache_clear()


@pytest.fixture
def db(tmp_path):
    """Two runs, of three rows each."""
    path = tmp_path / "track.db"
    for track_id, model, best in (("first-run-0001", "resnet18", 0.9), ("second-run-0002", "xgboost", 0.7)):
        with Tracker(path, params={"model": model, "lr": 0.1}, track_id=track_id) as tracker:
            for epoch in range(3):
                tracker.log({"accuracy": best - 0.2 + epoch / 10, "epoch": epoch, "ok": epoch == 2})
    return str(path)


@pytest.fixture
def xt(capfd):
    """Runs a command in this process."""

    def command(*words):
        capfd.readouterr()
        code = run([str(word) for word in words])
        sys.stdout.flush()
        out, err = capfd.readouterr()
        return Done(out, err, code)

    return command


@pytest.fixture
def shell():
    """Runs a command in a process of its own, with what else its environment should have."""

    from cli_terminals import XT

    def command(*words, **environment):
        done = subprocess.run(
            [*XT, *map(str, words)],
            capture_output=True,
            check=False,
            encoding="utf-8",
            env={**os.environ, **environment},
            timeout=300,
        )
        return Done(done.stdout, done.stderr, done.returncode)

    return command


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs a distribution with one module and an entry point, into a folder that processes find."""
    monkeypatch.delenv("XETRACK_DISABLE_PLUGINS")
    site = tmp_path / "site"
    monkeypatch.setenv("PYTHONPATH", str(site))

    def install(name, source, *, site=site, target=None):
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[xetrack]\n{name} = {target or f'{name}_plugin'}\n")
        (site / f"{name}_plugin.py").write_text(source)
        importlib.invalidate_caches()
        forget_plugins()

    return install


@pytest.fixture
def here(installed, monkeypatch, tmp_path):
    """What `installed` installs is found by this process too."""
    monkeypatch.syspath_prepend(tmp_path / "site")
    before = set(sys.modules)
    yield
    for name in sys.modules.keys() - before:
        if name.endswith("_plugin"):
            del sys.modules[name]
