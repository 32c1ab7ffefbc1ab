"""`xt plugins doctor`: every plugin loaded, whatever it does."""

import json
import os
import signal
import sys

import pytest

from xetrack._plugins import discovery

pytestmark = pytest.mark.usefixtures("here")

GOOD = """
from dataclasses import dataclass, field
from xetrack import Provider, hookimpl

xetrack_api = 1

@dataclass
class Options:
    {option}: str
    loud: bool = False
    tags: list = field(default_factory=list)

@hookimpl
def xetrack_sinks():
    return [Provider("{name}", lambda options, context: None, Options)]

@hookimpl
def xetrack_run_started(run):
    pass
"""


def good(name, option="speak", loud="loud", tags="tags"):
    return GOOD.format(name=name, option=option).replace("loud", loud).replace("tags", tags)


@pytest.fixture
def checked(xt, monkeypatch):
    """Runs the doctor; what it says of each plugin of the test, and how it ended."""
    others = ",".join(found.name for found in discovery.installed())

    def rows(*words, off=""):
        monkeypatch.setenv("XETRACK_DISABLE_PLUGINS", f"{others},{off}")
        done = xt("plugins", "doctor", *words, "--json")
        assert done.err == ""
        return {row["distribution"]: row for row in json.loads(done.out)}, done.code

    return rows


def test_a_plugin_that_is_well(checked, xt, installed, tmp_path):
    installed("acme", good("acme"))
    rows, code = checked("acme")
    row = rows["acme"]
    assert code == 0
    assert row.pop("seconds") > 0
    assert row == {
        "distribution": "acme",
        "version": "1.0",
        "plugin": "acme",
        "target": "acme_plugin",
        "api": 1,
        "file": str(tmp_path / "site" / "acme_plugin.py"),
        "hooks": ["run_started", "sinks"],
        "providers": [
            {
                "kind": "sinks",
                "name": "acme",
                "options": [
                    {"name": "speak", "type": "str", "default": None},
                    {"name": "loud", "type": "bool", "default": "False"},
                    {"name": "tags", "type": "list", "default": "list()"},
                ],
            }
        ],
        "imports": [],
        "problems": [],
        "notes": [],
        "traceback": "",
        "state": "ok",
    }
    done = xt("plugins", "doctor", "acme")
    assert done.code == 0
    head, *lines = done.out.splitlines()
    assert head.startswith("ok acme 1.0 (plugin acme): loaded in ")
    assert head.endswith(" ms, API 1")
    assert lines == [
        "    sinks: acme",
        "        speak: str",
        "        loud: bool = False",
        "        tags: list = list()",
        "    hooks: run_started",
    ]


BROKEN = {
    "quits": ("raise SystemExit(3)", "PluginBrokenError", "SystemExit: 3"),
    "interrupts": ("raise KeyboardInterrupt", "KeyboardInterrupt", 'interrupts_plugin.py", line 1'),
    "lacks": ("\n\nimport nobody_has_this", "pip install nobody_has_this", 'lacks_plugin.py", line 3'),
    "misspelt": ("def broken(:", "SyntaxError", "misspelt_plugin.py"),
    "ends": ("import os; os._exit(7)", "exit code 7", ""),
    "killed": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "exit code -9", ""),
    "newer": ("xetrack_api = 2", "PluginVersionError: the plugin 'newer' of newer 1.0 was made for version 2", ""),
    "unhooked": (good("acme").replace("xetrack_sinks", "xetrack_snks"), "does not fit the hooks", "xetrack_snks"),
    "raises": (good("acme").replace("return", "1 / 0"), "xetrack_sinks() of raises failed", "ZeroDivisionError"),
    "leaves": (good("acme").replace("return", "exit(1)"), "xetrack_sinks() of leaves failed", "SystemExit"),
    "untyped": (good("acme").replace("@dataclass\n", ""), "xetrack_sinks() of untyped failed", "dataclass"),
}


@pytest.mark.plugins
def test_plugins_that_cannot_be_loaded(checked, installed):
    for name, (source, _, _) in BROKEN.items():
        installed(name, source.replace("1 / 0", "1 / 0\n    return").replace("exit(1)", "exit(1)\n    return"))
    installed("fine", good("fine"))
    rows, code = checked()
    assert code == 1
    for name, (_, problem, trace) in BROKEN.items():
        [told] = rows[name]["problems"]
        assert problem in told
        assert trace in rows[name]["traceback"]
        assert rows[name]["state"] == "problem"
    assert rows["fine"]["state"] == "ok"


@pytest.mark.plugins
@pytest.mark.parametrize("source", ["import threading\nthreading.Event().wait()", "while True:\n    pass"])
def test_a_plugin_that_hangs_is_given_up_and_where_it_hangs_is_told(checked, installed, source):
    installed("acme", source)
    rows, code = checked("--timeout", "1")
    assert code == 1
    assert rows["acme"]["problems"][0].startswith("Stopped: loading takes longer than 1 s")
    assert 'acme_plugin.py", line ' in rows["acme"]["traceback"]


@pytest.mark.plugins
def test_a_process_that_a_plugin_leaves_behind_holds_nothing_up(checked, installed, tmp_path):
    pid, ended = tmp_path / "pid", tmp_path / "ended"
    sleeper = f"import time; time.sleep(100); open({str(ended)!r}, 'w')"
    lines = [
        "import subprocess, sys, threading",
        f"child = subprocess.Popen([sys.executable, '-c', {sleeper!r}])",
        f"open({str(pid)!r}, 'w').write(str(child.pid))",
        "threading.Thread(target=child.wait).start()",
    ]
    installed("acme", good("acme") + "\n".join(lines))
    rows, code = checked("acme", "--timeout", "60")
    assert code == 0
    assert "threads" in rows["acme"]["notes"][0]
    assert not ended.exists()
    os.kill(int(pid.read_text()), signal.SIGKILL)


def test_what_an_import_does_to_the_process_is_told(checked, installed, monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    changes = (
        'import os, warnings\nos.environ["ACME"] = "1"\nwarnings.simplefilter("ignore")\nprint("hello")\nimport rich\n'
    )
    installed("acme", changes + good("acme"))
    rows, code = checked("acme")
    told = "\n".join(rows["acme"]["notes"])
    assert code == 0
    assert rows["acme"]["state"] == "note"
    assert "changes the environment, the warning filters" in told
    assert "importing it also imports rich" in told
    assert rows["acme"]["imports"][-1] == "rich"
    assert "prints: hello" in told


def test_a_plugin_that_says_little_is_told_what_to_say(checked, installed):
    installed("acme", "")
    rows, code = checked("acme")
    assert code == 0
    assert "xetrack_api = 1" in rows["acme"]["notes"][0]
    assert "implements no hook" in rows["acme"]["notes"][1]


def test_two_providers_of_one_name(checked, installed):
    installed("one", good("same", "a", "b", "c"))
    installed("two", good("same", "d", "e", "f"))
    rows, code = checked("one")
    assert code == 1
    [problem] = rows["one"]["problems"]
    assert problem.startswith("'same' among sinks is claimed by two too")
    assert "XETRACK_DISABLE_PLUGINS" in problem


def test_two_who_claim_one_scheme(checked, installed):
    for name in ("one", "two"):
        engine = good(name, *"abc" if name == "one" else "def").replace("xetrack_sinks", "xetrack_engines")
        installed(name, engine.replace("None, Options)", "None, Options, schemes=('mem2',))"))
    rows, code = checked()
    assert code == 1
    assert rows["one"]["providers"][0]["schemes"] == ["mem2"]
    [problem] = rows["one"]["problems"]
    assert problem.startswith("the URL scheme mem2:// is claimed by two too")


def test_two_who_claim_one_option(checked, installed):
    installed("one", good("one", "a", "b", "both"))
    installed("two", good("two", "d", "e", "both"))
    rows, code = checked()
    assert code == 1
    assert rows["one"]["problems"][0].startswith("both= is claimed by two too")
    assert rows["two"]["problems"][0].startswith("both= is claimed by one too")


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (good("acme", option="table"), "table= is claimed by Tracker itself too"),
        pytest.param(
            good("acme", "table").replace("xetrack_sinks", "xetrack_engines"),
            "table= is claimed by Tracker itself too",
            marks=pytest.mark.plugins,
        ),
        (good("acme", option="timeout"), "timeout= is claimed by xetrack-core too"),
        (
            good("head").replace("xetrack_sinks", "xetrack_commands"),
            "'head' among commands is claimed by xetrack-cli too",
        ),
        (
            good("sqlite").replace("xetrack_sinks", "xetrack_engines"),
            "'sqlite' among engines is claimed by xetrack-core too",
        ),
    ],
)
def test_what_clashes_with_xetrack_itself(checked, installed, source, problem):
    installed("acme", source)
    rows, code = checked("acme")
    assert code == 1
    assert rows["acme"]["problems"][0].startswith(problem)


def test_engines_may_share_options_as_only_one_is_chosen(checked, installed):
    installed("acme", good("acme", "timeout").replace("xetrack_sinks", "xetrack_engines"))
    assert checked("acme")[1] == 0


def test_a_plugin_that_is_switched_off_is_not_loaded(checked, installed, tmp_path):
    installed("acme", f"open({str(tmp_path / 'imported')!r}, 'w')")
    rows, code = checked("acme", off="acme")
    assert code == 0
    assert rows["acme"]["notes"] == ["disabled by XETRACK_DISABLE_PLUGINS, and not loaded"]
    assert not (tmp_path / "imported").exists()


@pytest.mark.plugins
def test_copies_and_namesakes_are_told(checked, installed, tmp_path, monkeypatch):
    installed("acme", good("acme"))
    installed("acme", "raise RuntimeError", site=tmp_path / "later")
    installed("rival", good("rival", "a", "b", "c"))
    (tmp_path / "site" / "rival-1.0.dist-info" / "entry_points.txt").write_text("[xetrack]\nacme = rival_plugin\n")
    monkeypatch.setattr("sys.path", [*sys.path, str(tmp_path / "later")])
    rows, code = checked("acme")
    assert code == 0
    assert "is never used" in rows["acme"]["notes"][0]
    assert "rival has a plugin 'acme' too" in rows["acme"]["notes"][1]
    assert set(rows) == {"acme", "rival"}


def test_a_distribution_whose_metadata_are_gone(checked, installed, tmp_path):
    installed("acme", good("acme"))
    (tmp_path / "site" / "acme-1.0.dist-info" / "METADATA").unlink()
    rows, code = checked("acme")
    assert code == 0
    assert list(rows) == [f"a distribution without metadata in {tmp_path / 'site'}"]


def test_a_name_that_nobody_has(xt, installed):
    installed("acme", good("acme"))
    done = xt("plugins", "doctor", "acne")
    assert (done.out, done.code) == ("", 1)
    assert done.err == "xt: Unknown plugin 'acne'. Did you mean 'acme'?\n"


def test_no_plugin_at_all(xt, monkeypatch):
    monkeypatch.setattr("xetrack_cli.plugins.doctor.installed", tuple)
    assert xt("plugins", "doctor") == ("no plugins\n", "", 0)


@pytest.mark.plugins
def test_on_a_terminal_the_state_has_a_colour(installed):
    from cli_terminals import XT, Terminal

    installed("acme", "raise RuntimeError('\x1b[31m red')")
    others = ",".join(found.name for found in discovery.installed() if found.name != "acme")
    terminal = Terminal([*XT, "plugins", "doctor", "acme"], XETRACK_DISABLE_PLUGINS=others)
    text = terminal.read()
    assert terminal.wait() == 1
    assert "problem acme 1.0" in text
    assert "\x1b[31m red" not in terminal.text
    assert "\x1b[31m\x1b[1mproblem" in terminal.text
