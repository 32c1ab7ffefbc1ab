import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from xetrack.plugins import discovered

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # where tests find cache_values, under the name that other processes find it


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    """Nothing of the environment, and a folder of its own."""
    for name in ("XETRACK_SAFE", "XETRACK_DISABLE_PLUGINS", "XETRACK_STRICT_PLUGINS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    discovered.cache_clear()
    yield
    discovered.cache_clear()


@pytest.fixture
def python(tmp_path):
    """Runs code in a fresh process, in the test's folder, and gives what it printed."""

    def run(code, *arguments, **environment):
        done = start(tmp_path, code, *arguments, **environment)
        out, err = done.communicate(timeout=60)
        assert done.returncode == 0, err
        return out.strip()

    return run


@pytest.fixture
def process(tmp_path):
    """Starts code in a fresh process; it is killed at the end of the test at the latest."""
    started = []

    def begin(code, *arguments, **environment):
        started.append(start(tmp_path, code, *arguments, **environment))
        return started[-1]

    yield begin
    for each in started:
        each.kill()
        each.communicate()


def start(folder, code, *arguments, **environment):
    import os

    path = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
