"""Installed plugins, as real distributions on the path of a fresh process."""

import os
import subprocess
import sys
from textwrap import dedent

import pytest

SINK = """
from xetrack import Provider, hookimpl

class Sink:
    def emit(self, row): print("emitted", row["x"])
    def flush(self): pass
    def close(self): pass

@hookimpl
def xetrack_sinks():
    return [Provider("{name}", lambda options, context: Sink(), {options})]
"""

OPTIONS = """
from dataclasses import dataclass

@dataclass
class Options:
    shout: bool = False
"""

ENGINE = """
from xetrack import Provider, hookimpl
from xetrack.plugin import MemoryEngine

@hookimpl
def xetrack_engines():
    return [Provider("cloud", lambda options, context: MemoryEngine())]
"""

LOG = """
from xetrack import Tracker
Tracker(":memory:").log({"x": 1})
print("logged")
"""


class Site:
    """A folder of installed distributions, and Python processes that see them."""

    def __init__(self, folder):
        self.folder = folder

    def install(self, distribution, code, *, entry=None, version="1.0", within=""):
        """A distribution with one module and one entry point, both named after it."""
        module = distribution.replace("-", "_")
        (self.folder / f"{module}.py").write_text(f'print("imported {module}")\n{dedent(code)}')
        info = self.folder / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[xetrack]\n{entry or module} = {module}{within}\n")

    def run(self, code, **environment):
        """Standard output of the code, then what it warned of or died of."""
        path = [str(self.folder), *filter(None, [os.environ.get("PYTHONPATH")])]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("XETRACK_")}
        command = [sys.executable, "-W", "always::UserWarning", "-c", dedent(code)]
        done = subprocess.run(
            command,
            env={**inherited, "PYTHONPATH": os.pathsep.join(path), **environment},
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
        )
        self.failed = bool(done.returncode)
        return done.stdout + done.stderr


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def test_an_installed_plugin_registers_once_a_process(site):
    """Trackers with plugins of their own ask it for nothing again."""
    site.install("acme", "from xetrack import hookimpl\n@hookimpl\ndef xetrack_sinks(): print('asked')")
    told = site.run("""
        from xetrack import Tracker, hookimpl

        class Silent:
            @hookimpl
            def xetrack_sinks(self): print("asked for its own")

        for _ in range(2):
            Tracker(":memory:", plugins=[Silent]).log({"x": 1})
    """)
    assert told.splitlines() == ["imported acme", "asked", *["asked for its own"] * 2]


def test_an_installed_plugin_is_found_by_its_entry_point_and_opened_by_its_option(site):
    site.install("acme-sink", OPTIONS + SINK.format(name="acme", options="Options"))

    told = site.run('from xetrack import Tracker; Tracker(":memory:", shout=True).log({"x": 5})')

    assert told.splitlines() == ["imported acme_sink", "emitted 5"]


def test_an_installed_plugin_nobody_asked_for_is_not_opened(site):
    site.install("acme-sink", OPTIONS + SINK.format(name="acme", options="Options"))

    assert "emitted" not in site.run(LOG)
    assert not site.failed


BROKEN = {
    "missing dependency": ("import no_such_library_xyz", ["pip install no_such_library_xyz"]),
    "raises at import": ('raise RuntimeError("flux capacitor")', ["RuntimeError", "flux capacitor"]),
    "made for another API": ("xetrack_api = 99", ["version 99", "pip install --upgrade acme-engine xetrack-core"]),
    "misspelt hook": ("import xetrack\n@xetrack.hookimpl\ndef xetrack_engins(): return []", ["xetrack_engins"]),
    "hook with an unknown argument": (
        "import xetrack\n@xetrack.hookimpl\ndef xetrack_run_started(trakcer): pass",
        ["trakcer"],
    ),
    "hook that raises": (
        'import xetrack\n@xetrack.hookimpl\ndef xetrack_engines(): raise OSError("no disk")',
        ["OSError", "no disk"],
    ),
    "hook that returns no providers": (
        'import xetrack\n@xetrack.hookimpl\ndef xetrack_engines(): return ["cloud"]',
        ["xetrack_engines"],
    ),
    "options that are no dataclass": (
        "import xetrack\n@xetrack.hookimpl\ndef xetrack_sinks():\n    return [xetrack.Provider('a', print, dict)]",
        ["dataclass"],
    ),
}
broken = pytest.mark.parametrize(("code", "reasons"), BROKEN.values(), ids=BROKEN)


@broken
def test_a_broken_plugin_nobody_asked_for_is_one_warning_and_the_run_goes_on(site, code, reasons):
    site.install("acme-engine", code, entry="cloud")

    told = site.run(LOG + "Tracker(':memory:', timeout=1.0).log({'y': 2})\nprint('logged twice')")

    assert "logged twice" in told
    assert told.count("XetrackWarning") == 1
    for reason in ["acme-engine", *reasons]:
        assert reason in told


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(code, id=name, marks=[] if name == "missing dependency" else pytest.mark.plugins)
        for name, (code, _) in BROKEN.items()
    ],
)
def test_strict_mode_raises_for_a_broken_plugin_nobody_asked_for(site, code):
    site.install("acme-engine", code, entry="cloud")

    told = site.run(LOG, XETRACK_STRICT_PLUGINS="1")

    assert site.failed
    assert "logged" not in told
    assert "acme-engine" in told


ASKED = {
    "missing dependency": "PluginBrokenError",
    "raises at import": "PluginBrokenError",
    "made for another API": "PluginVersionError",
    "misspelt hook": "PluginBrokenError",
    "hook that raises": "PluginBrokenError",
}


@pytest.mark.parametrize(("kind", "error"), ASKED.items())
def test_a_broken_plugin_somebody_asked_for_raises_what_is_wrong_with_it(site, kind, error):
    code, reasons = BROKEN[kind]
    site.install("acme-engine", code, entry="cloud")

    told = site.run('from xetrack import Tracker; Tracker("new.db", engine="cloud")')

    assert site.failed
    assert f"xetrack.errors.{error}: " in told.splitlines()[-1]
    for reason in ["acme-engine 1.0", *reasons] if "hook" not in kind else ["acme-engine", *reasons]:
        assert reason in told.splitlines()[-1]


def test_a_broken_package_of_ours_is_told_as_broken_and_not_as_missing(site):
    site.install("xetrack-sinks", "import no_such_library_xyz", entry="sinks")

    told = site.run('from xetrack import Tracker; Tracker(":memory:", jsonl="x.jsonl")')

    assert "PluginBrokenError" in told
    assert "pip install no_such_library_xyz" in told
    assert "pip install xetrack-sinks" not in told


def test_a_plugin_that_fails_with_an_import_error_of_its_own_is_told_as_broken(site):
    site.install("acme-engine", "from math import no_such_name", entry="cloud")

    told = site.run('from xetrack import Tracker; Tracker(":memory:", engine="cloud")')

    assert "PluginBrokenError" in told
    assert "no_such_name" in told


@pytest.mark.parametrize("disabled", ["acme", "*", "other, acme"])
def test_a_disabled_plugin_is_never_imported_and_never_warned_of(site, disabled):
    site.install("acme-engine", ENGINE, entry="acme")

    told = site.run(LOG, XETRACK_DISABLE_PLUGINS=disabled, XETRACK_STRICT_PLUGINS="1")

    assert told == "logged\n"


def test_a_disabled_plugin_somebody_asked_for_raises_that_it_is_switched_off(site):
    site.install("xetrack-duckdb", ENGINE, entry="duckdb")

    told = site.run('from xetrack import Tracker; Tracker(":memory:", engine="duckdb")', XETRACK_DISABLE_PLUGINS="*")

    assert "imported" not in told
    assert "PluginDisabledError" in told
    assert "XETRACK_DISABLE_PLUGINS=*" in told
    assert "pip install" not in told.splitlines()[-1]


def test_disabling_one_plugin_leaves_the_others(site):
    site.install("acme-engine", ENGINE, entry="acme")
    site.install("other-engine", ENGINE, entry="other")

    told = site.run(LOG, XETRACK_DISABLE_PLUGINS="acme")

    assert told == "imported other_engine\nlogged\n"


@pytest.fixture
def twins(site):
    site.install("acme-engine", ENGINE)
    site.install("bolt-engine", ENGINE)
    return site


def test_two_distributions_with_one_engine_name_raise_naming_both_when_it_is_asked_for(twins):
    told = twins.run('from xetrack import Tracker; Tracker(":memory:", engine="cloud")').splitlines()[-1]

    assert "PluginConflictError" in told
    assert "acme-engine" in told
    assert "bolt-engine" in told


def test_two_distributions_with_one_engine_name_hurt_nobody_who_asks_for_another(twins):
    assert "logged" in twins.run(LOG)
    assert not twins.failed


def test_disabling_one_of_two_with_one_name_leaves_the_other(twins):
    told = twins.run(
        'from xetrack import Tracker; print(type(Tracker(":memory:", engine="cloud").engine).__name__)',
        XETRACK_DISABLE_PLUGINS="acme_engine",
    )

    assert told == "imported bolt_engine\nMemoryEngine\n"


@pytest.mark.parametrize("names", [("acme", "bolt"), ("same", "same")], ids=["two names", "one name"])
def test_two_distributions_claiming_one_option_raise_naming_both_only_when_it_is_given(site, names):
    for distribution, name in zip(("acme-sink", "bolt-sink"), names, strict=True):
        site.install(distribution, OPTIONS + SINK.format(name=name, options="Options"))

    assert "logged" in site.run(LOG)
    told = site.run('from xetrack import Tracker; Tracker(":memory:", shout=True)').splitlines()[-1]

    assert "PluginConflictError" in told
    assert "acme-sink" in told
    assert "bolt-sink" in told


def test_listing_what_is_installed_imports_nothing_and_scans_once(site):
    site.install("acme-engine", "raise RuntimeError", entry="cloud", version="2.5")

    told = site.run("""
        import importlib_metadata
        scans = []
        scan = importlib_metadata.distributions
        importlib_metadata.distributions = lambda **given: scans.append(given) or scan(**given)
        from xetrack.registry import installed
        mine = [found for found in installed() if found.distribution == "acme-engine"]
        assert installed() == installed()
        print(mine[0].name, mine[0].target, mine[0].version, len(scans))
    """)

    assert told == "cloud acme_engine 2.5 1\n"


def test_many_trackers_and_readers_import_plugins_and_scan_once(site):
    site.install("acme-engine", ENGINE)

    told = site.run("""
        import importlib_metadata
        scans = []
        scan = importlib_metadata.distributions
        importlib_metadata.distributions = lambda **given: scans.append(given) or scan(**given)
        from xetrack import Reader, Tracker
        for _ in range(3):
            Tracker("a.db").log({"x": 1})
            Reader("a.db").close()
        print(len(scans))
    """)

    assert told == "imported acme_engine\n1\n"


@pytest.mark.parametrize("content", [None, b"Name: acme-engine\n\n\xff"], ids=["lost", "not UTF-8"])
def test_a_plugin_whose_distribution_has_no_readable_metadata_is_loaded(site, content):
    site.install("acme-engine", ENGINE)
    path = site.folder / "acme_engine-1.0.dist-info" / "METADATA"
    path.unlink() if content is None else path.write_bytes(content)

    told = site.run("""
        from xetrack import Tracker
        from xetrack.registry import installed
        [found] = [found for found in installed() if found.name == "acme_engine"]
        print(found.distribution, found.version)
        Tracker(":memory:", engine="cloud").log({"x": 1})
    """)

    assert told == f"a distribution without metadata in {site.folder} ?\nimported acme_engine\n"


@pytest.mark.parametrize("content", [b"[xetrack]\nno point\n", b"[other]\nno point\n", b"\xff\xfe"])
def test_damaged_entry_points_take_no_other_plugin_along(site, content):
    site.install("damaged", "")
    (site.folder / "damaged-1.0.dist-info" / "entry_points.txt").write_bytes(content)
    site.install("bolt-engine", ENGINE)

    assert site.run(LOG) == "imported bolt_engine\nlogged\n"


def test_a_second_copy_of_a_distribution_is_shadowed(site, tmp_path_factory):
    site.install("acme-engine", ENGINE, version="2.0")
    later = Site(tmp_path_factory.mktemp("later"))
    later.install("acme_engine", "raise RuntimeError", version="1.0")

    told = site.run(
        """
        from xetrack import Tracker
        from xetrack.registry import installed, shadowed
        print(*[found.version for found in installed() if found.name == "acme_engine"])
        [hidden] = shadowed()
        print(hidden.version, hidden.location)
        Tracker(":memory:", engine="cloud").log({"x": 1})
        """,
        PYTHONPATH=os.pathsep.join([str(site.folder), str(later.folder)]),
    )

    assert told == f"2.0\n1.0 {later.folder}\nimported acme_engine\n"


def test_a_hook_that_would_end_the_process_does_not(site):
    site.install("acme-engine", ENGINE.replace("    return", "    raise SystemExit(3)\n    return"))

    told = site.run(LOG)

    assert "logged" in told
    assert "xetrack_engines() of acme-engine failed: SystemExit: 3" in told


def test_chosen_plugins_alone_with_all_that_they_register(site):
    site.install("acme-engine", ENGINE.replace("cloud", "sqlite"))
    site.install("bolt-engine", ENGINE)
    site.install("cold-engine", "raise RuntimeError")

    told = site.run("""
        from xetrack.registry import installed
        from xetrack.registry import Plugins
        plugins = Plugins.of([found for found in installed() if found.distribution in {"acme-engine", "cold-engine"}])
        print(*sorted(f"{offer.owner}:{offer.provider.name}" for offer in plugins.all_offers()))
        print(*sorted(offer.provider.name for offer in plugins.offers("engines")))
        print(*(plugins.hooks_of(plugin) for name, plugin in plugins.registered() if name.startswith("acme")))
        print("cold-engine:cold_engine" in plugins.failures)
    """)

    imported, *lines = [line for line in told.splitlines() if not line.startswith("imported cold")]
    assert imported == "imported acme_engine"
    assert lines == [
        "acme-engine:sqlite xetrack-core:memory xetrack-core:none xetrack-core:sqlite",
        "memory none",
        "['xetrack_engines']",
        "True",
    ]


def test_import_xetrack_looks_for_no_plugins(site):
    site.install("acme-engine", ENGINE)

    told = site.run("""
        import sys, xetrack
        from xetrack import Reader, Tracker
        print(sorted({"pandas", "importlib_metadata", "duckdb", "loguru", "typer"} & sys.modules.keys()))
    """)

    assert told == "[]\n"


def test_one_distribution_seen_twice_on_the_path_is_one_plugin(site):
    site.install("acme-engine", ENGINE)

    told = site.run(
        'from xetrack import Tracker; Tracker(":memory:", engine="cloud"); print("ok")',
        PYTHONPATH=os.pathsep.join([str(site.folder), str(site.folder)]),
    )

    assert told == "imported acme_engine\nok\n"


def test_an_entry_point_may_name_a_class(site):
    plugin = """
        from xetrack import Plugin, Provider
        from xetrack.plugin import MemoryEngine

        class Acme(Plugin):
            xetrack_api = {version}

            def xetrack_engines(self):
                return [Provider("cloud", lambda options, context: MemoryEngine())]
    """
    site.install("acme-engine", plugin.format(version=1), within=":Acme")
    assert site.run("from xetrack import Tracker; Tracker(':memory:', engine='cloud')") == "imported acme_engine\n"

    site.install("bolt-engine", plugin.format(version=99), within=":Acme")
    assert "bolt-engine 1.0 was made for version 99 of the plugin API" in site.run(LOG)


def test_an_option_nobody_knows_may_be_that_of_a_plugin_that_does_not_work_and_each_says_why(site):
    for name in ("missing dependency", "made for another API"):
        site.install(name.replace(" ", "-"), BROKEN[name][0], entry="x")
    site.install("acme-off", ENGINE, entry="off")

    told = site.run('from xetrack import Tracker; Tracker(":memory:", sheet="x")', XETRACK_DISABLE_PLUGINS="off")

    assert "OptionError: unknown option sheet=." in told
    lines = [line for line in told.splitlines() if line.startswith("- ")]
    assert len(lines) == 3
    for reason in (
        "'x' of missing-dependency 1.0 is installed, but importing",
        "pip install no_such_library_xyz",
        "was made for version 99 of the plugin API",
        "disabled by XETRACK_DISABLE_PLUGINS: acme-off:off.",
    ):
        assert any(reason in line for line in lines), told
