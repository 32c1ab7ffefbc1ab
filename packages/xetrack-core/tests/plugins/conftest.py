import pytest

from xetrack.registry import discovered


@pytest.fixture(autouse=True)
def core_alone(monkeypatch):
    """Trackers of these tests see xetrack-core alone, whatever else is installed here."""
    monkeypatch.delenv("XETRACK_STRICT_PLUGINS", raising=False)
    monkeypatch.delenv("XETRACK_DISABLE_PLUGINS", raising=False)
    monkeypatch.setattr("xetrack._plugins.registry.installed", tuple)
    discovered.cache_clear()
    yield
    discovered.cache_clear()
