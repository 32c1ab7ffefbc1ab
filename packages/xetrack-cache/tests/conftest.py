import sys
from pathlib import Path

import pytest

from xetrack.registry import discovered
from xetrack_testing import Processes
from xetrack_testing.seeds import logged_seed

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
def seed(request):
    """What a test chooses by at random; a failure prints how to repeat it."""
    return logged_seed(request.node.nodeid)


@pytest.fixture
def processes(tmp_path):
    """Fresh processes, in the test's folder, that find `cache_values`."""
    with Processes(folder=tmp_path, path=[HERE]) as processes:
        yield processes


@pytest.fixture
def python(processes):
    """Runs code in a fresh process, and gives what it printed."""
    return lambda *arguments, **environment: processes.run(*arguments, **environment).strip()


@pytest.fixture
def process(processes):
    """Starts code in a fresh process; it is killed at the end of the test at the latest."""
    return processes.start
