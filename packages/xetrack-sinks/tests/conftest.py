import pytest

from xetrack.registry import discovered


@pytest.fixture(autouse=True)
def this_package_alone(monkeypatch):
    """Trackers of these tests see the core and this package, whatever else is installed here."""
    from xetrack.registry import installed

    monkeypatch.delenv("LOGS_DELIMITER", raising=False)
    found = tuple(each for each in installed() if each.distribution == "xetrack-sinks")
    monkeypatch.setattr("xetrack._plugins.registry.installed", lambda: found)
    discovered.cache_clear()
    yield
    discovered.cache_clear()
