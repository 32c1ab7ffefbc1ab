"""More examples by hand: `uv run pytest tests/fuzz -m "" --hypothesis-profile=long -n 0 --timeout 0`, or `minutes`."""

import pytest
from hypothesis import HealthCheck, settings

from xetrack.registry import discovered

settings.register_profile("minutes", max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "long", max_examples=3000, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    """Nothing of the environment that xetrack heeds."""
    for name in ("XETRACK_SAFE", "XETRACK_DISABLE_PLUGINS", "XETRACK_STRICT_PLUGINS", "XETRACK_DB"):
        monkeypatch.delenv(name, raising=False)
    discovered.cache_clear()
