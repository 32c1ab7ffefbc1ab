"""Commands that plugins bring: real installed distributions, of which one is broken."""

import json

import pytest

GOOD = '''
from xetrack import Provider, hookimpl

def open_commands(options, context):
    """Say hello to the rows.

    More about it.
    """
    import typer

    app = typer.Typer()

    @app.callback()
    def about():
        """Greetings."""

    @app.command()
    def rows(words: list[str] = typer.Argument(None), count: int = 1):
        db, name = context.terminal.arguments(words, "NAME")
        context.terminal.show([{"db": db, "name": name}] * count, style="json")

    @app.command("context")
    def about_context():
        context.terminal.show([{"db": context.db}], style="json")

    @app.command()
    def fail():
        from xetrack import XetrackError
        raise XetrackError("no greeting today. Try tomorrow.")

    return app

@hookimpl
def xetrack_commands():
    return [Provider("greet", open_commands)]
'''
UNOPENABLE = """
from xetrack import Provider, hookimpl

def open_commands(options, context):
    import no_such_module

@hookimpl
def xetrack_commands():
    return [Provider("sorry", open_commands), Provider("odd", lambda options, context: 42)]
"""


@pytest.fixture
def several(installed):
    installed("good", GOOD)
    installed("unopenable", UNOPENABLE)
    installed("broken", "import a_module_that_nobody_has")


def test_a_command_of_a_plugin(shell, several, db):
    done = shell("greet", "rows", db, "you", "--count", "2")
    assert json.loads(done.out) == [{"db": db, "name": "you"}] * 2
    assert (done.err, done.code) == ("", 0)


def test_the_database_of_the_environment_counts_for_plugins_too(xt, db, several, here, monkeypatch):
    monkeypatch.setenv("XETRACK_DB", db)
    assert json.loads(xt("greet", "rows", "you").out) == [{"db": db, "name": "you"}]


def test_a_command_gets_the_whole_url_from_the_terminal_alone(xt, several, here, monkeypatch):
    monkeypatch.setenv("XETRACK_DB", "mem2://ann:hunter2@host")
    assert json.loads(xt("greet", "rows", "you").out) == [{"db": "mem2://ann:hunter2@host", "name": "you"}]
    assert json.loads(xt("greet", "context").out) == [{"db": "mem2://ann:***@host"}]


def test_errors_of_plugins_are_one_line_as_ours(xt, several, here):
    assert xt("greet", "fail") == ("", "xt: no greeting today. Try tomorrow.\n", 1)
    assert xt("greet", "rows").err.startswith("xt: Missing database.")
    assert xt("greet", "nothing").code == 2


def test_help_lists_commands_of_plugins_without_opening_them(xt, several, here):
    done = xt("--help")
    assert done.code == 0
    assert "Say hello to the rows." in done.out
    assert "sorry" in done.out
    assert "From unopenable." in done.out
    assert done.err == ""


def test_a_broken_plugin_breaks_its_own_commands_only(xt, db, several, here):
    assert xt("head", db).code == 0
    sorry = xt("sorry")
    assert sorry.code == 1
    assert sorry.err.count("\n") == 1
    assert "xt sorry, from unopenable, failed to load: ModuleNotFoundError" in sorry.err
    assert "pip install no_such_module" in sorry.err
    assert "must be a typer.Typer, not builtins.int" in xt("odd").err
    assert "a_module_that_nobody_has" in xt("broken").err
    assert "Unknown command 'brken'" in xt("brken").err


def test_a_plugin_takes_no_command_of_ours(xt, db, installed, here):
    installed("greedy", GOOD.replace('"greet"', '"head"'))
    assert xt("head", db).out.startswith("|    |")
    assert xt("--help").out.count("  head ") == 1


def test_two_plugins_of_one_name(xt, installed, here):
    installed("one", GOOD)
    installed("two", GOOD)
    done = xt("greet")
    assert done.code == 1
    assert "claimed by both one and two" in done.err


def test_version_lists_the_plugins(xt, several, here, monkeypatch):
    monkeypatch.setenv("XETRACK_DISABLE_PLUGINS", "broken")
    done = xt("--version")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].startswith("xetrack 1.")
    assert "good 1.0 (plugin good)" in lines
    assert "broken 1.0 (plugin broken, disabled by XETRACK_DISABLE_PLUGINS)" in lines


def test_commands_that_are_switched_off(xt, several, here, monkeypatch):
    monkeypatch.setenv("XETRACK_DISABLE_PLUGINS", "good")
    assert "Unknown command 'greet'" in xt("greet").err
