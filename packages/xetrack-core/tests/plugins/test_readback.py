"""`Reader.read_cache` and the like read the caches of any plugin: by URL, or by the name of the provider."""

from pathlib import Path

import pytest

from xetrack import Plugin, Provider, Reader
from xetrack.errors import DatabaseError, OptionError, PluginConflictError, PluginNotInstalledError
from xetrack.registry import discovered

ENTRY = {"result": 7, "cache": "run"}


class Entries:
    def __init__(self, place, trusted):
        self.place, self.trusted, self.closed = place, trusted, False

    def get(self, key):
        return ENTRY if key == "key" else None

    def scan(self):
        yield "key", ENTRY

    def delete_run(self, track_id):
        return 3 if track_id == "run" else 0

    def close(self):
        self.closed = True


class Shelves(Plugin):
    """A cache on paths, one on URLs, and one that cannot be read."""

    def __init__(self, *schemes):
        self.opened = []
        self.schemes = schemes or ("shelf", "shelves")

    def xetrack_caches(self):
        return [
            Provider("folders", lambda options, context: None, read=self.read, schemes=()),
            Provider("shelves", lambda options, context: None, read=self.read, schemes=self.schemes),
            Provider("old", lambda options, context: None),
        ]

    def read(self, place, *, trusted):
        if "down" in str(place):
            raise DatabaseError(f"{place} does not answer")
        self.opened.append(Entries(place, trusted))
        return self.opened[-1]


@pytest.fixture
def shelves(monkeypatch):
    plugin = Shelves()
    install(monkeypatch, plugin)
    return plugin


def install(monkeypatch, *plugins):
    found = discovered().having(plugins)
    monkeypatch.setattr("xetrack._plugins.readback.discovered", lambda: found)


@pytest.mark.parametrize(
    ("cache", "provider", "place"),
    [
        ("shelf://ann:pw@host/a", None, "shelf://ann:pw@host/a"),
        ("SHELVES://host", None, "SHELVES://host"),
        ("shelf://host/a", "shelves", "shelf://host/a"),
        ("results", "folders", "results"),
        (Path("results"), "folders", "results"),
    ],
)
def test_a_cache_is_read_by_its_own_plugin(shelves, tmp_path, monkeypatch, cache, provider, place):
    monkeypatch.chdir(tmp_path)

    assert Reader.read_cache(cache, "key", provider=provider) == ENTRY
    assert Reader.read_cache(cache, "other", trusted=False, provider=provider) is None
    assert list(Reader.scan_cache(cache, provider=provider)) == [("key", ENTRY)]
    assert Reader.delete_cache_by_track_id(cache, "run", provider=provider) == 3

    expected = place if "://" in place else tmp_path / place
    assert [opened.place for opened in shelves.opened] == [expected] * 4
    assert [opened.trusted for opened in shelves.opened] == [True, False, False, False]
    assert all(opened.closed for opened in shelves.opened)


@pytest.mark.parametrize(
    ("cache", "provider", "error", "message"),
    [
        (
            "redis://ann:pw@host", None, PluginNotInstalledError,
            r"redis://ann:\*\*\*@host: no .* serves redis:// URLs\. Installed: folders \(takes paths\), shelves \(",
        ),
        ("shelf://host", "folders", OptionError, "shelf://host: the cache 'folders' takes paths"),
        ("odd://host", "shelves", OptionError, "'shelves' takes shelf:// URLs or shelves:// URLs"),
        ("results", "shelve", PluginNotInstalledError, "Did you mean 'shelves'"),
        ("results", None, PluginNotInstalledError, r"needs xetrack-cache.*name it with provider=\. Installed: folders"),
        ("odd://host", "old", PluginNotInstalledError, "the plugin 'old' of Shelves in plugins= cannot read"),
        ("results", 3, OptionError, "provider=3"),
        ("shelf://down:pw@host", None, DatabaseError, r"shelf://down:\*\*\*@host does not answer"),
    ],
)  # fmt: skip
def test_a_cache_that_cannot_be_read_is_refused(shelves, cache, provider, error, message):
    for read in (
        lambda: Reader.read_cache(cache, "key", provider=provider),
        lambda: Reader.scan_cache(cache, provider=provider),
        lambda: Reader.delete_cache_by_track_id(cache, "run", provider=provider),
    ):
        with pytest.raises(error, match=message) as caught:
            read()
        assert "pw" not in str(caught.value)


def test_without_other_caches_the_error_names_the_package_only():
    with pytest.raises(PluginNotInstalledError, match=r"pip install xetrack-cache$"):
        Reader.read_cache("results", "key")


def test_two_caches_cannot_claim_a_scheme_but_an_engine_may(monkeypatch):
    class Engine(Plugin):
        def xetrack_engines(self):
            return [Provider("shelf", lambda options, context: None, schemes=("shelf",))]

    class Rival(Plugin):
        def xetrack_caches(self):
            return [Provider("rival", lambda options, context: None, schemes=("shelf",))]

    install(monkeypatch, Shelves(), Engine())
    assert Reader.read_cache("shelf://host", "key") == ENTRY
    with pytest.raises(PluginConflictError, match=r"the URL scheme shelf:// is claimed by both"):
        discovered().having([Shelves(), Rival()])
