"""Run by a Python of an environment that holds packages of this workspace, and nothing that they do not need.

    python -I in_environment.py README.md...

What is installed works: the Python blocks of the pages run, and print what the text blocks below them say. What is not
installed is asked for: every option, engine, command and object without its package says which `pip install` it needs.
And `import xetrack` imports nothing else, so that it costs next to nothing whatever else is installed.
"""
# ruff: noqa: S101 - it is a test, only that no pytest may be installed where it runs

import contextlib
import importlib.metadata
import inspect
import io
import re
import subprocess
import sys
import sysconfig
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INSTALLED = {dist.name for dist in importlib.metadata.distributions()}


def check_import() -> None:
    """`import xetrack` brings modules of Python's and of its own, and no others."""
    before = set(sys.modules)
    import xetrack  # noqa: F401 - being imported is all that it is for

    others = {name.partition(".")[0] for name in sys.modules.keys() - before} - sys.stdlib_module_names - {"xetrack"}
    assert not others, f"import xetrack imports {sorted(others)}"


def check_what_is_missing() -> None:
    """Whatever needs a package that is not here says so, with the line that installs it."""
    from xetrack import Reader, Tracker
    from xetrack.registry import OPTIONS, PROVIDERS

    def tracker(**options: object) -> Callable[[], object]:
        return lambda: Tracker("missing.db", **options)  # type: ignore[arg-type] # refused before anyone looks at them

    known = inspect.signature(Tracker).parameters
    flags = {name for name, parameter in known.items() if parameter.default is False}
    asking = [(package, tracker(**{name: name in flags or "there"})) for name, package in OPTIONS.items()]
    asking += [
        ("xetrack-duckdb", tracker(engine="duckdb")),
        ("xetrack-sinks", lambda: Reader.read_jsonl("rows.jsonl")),
        ("xetrack-sinks", lambda: Reader.read_logs("logs")),
        ("xetrack-cache", lambda: list(Reader.scan_cache("cache"))),
    ]
    for package, ask in asking:
        if package not in INSTALLED:
            assert answer(ask).endswith(f"needs {package}: pip install {package}"), (package, answer(ask))
    if "xetrack-assets" not in INSTALLED:
        assert "pip install xetrack-assets" in warning_about_an_object()
    if "xetrack-cli" in INSTALLED:
        check_commands({name: package for (kind, name), package in PROVIDERS.items() if kind == "commands"})


def answer(ask: Callable[[], object]) -> str:
    """What the error says that must come."""
    try:
        ask()
    except ImportError as error:
        return str(error)
    return "nothing"


def warning_about_an_object() -> str:
    """What is said to somebody who logs an object."""
    from xetrack import Tracker

    with warnings.catch_warnings(record=True) as caught, Tracker("object.db") as tracker:
        warnings.simplefilter("always")
        tracker.log({"model": object()})
    return " ".join(str(each.message) for each in caught)


def check_commands(commands: dict[str, str]) -> None:
    """`xt` has the commands of packages that are here, and knows those that are not."""
    xt = Path(sysconfig.get_path("scripts")) / "xt"
    for name, package in commands.items():
        done = subprocess.run([xt, name, "--help"], capture_output=True, text=True, check=False)
        if package in INSTALLED:
            assert done.returncode == 0, done.stderr
        else:
            assert f"needs {package}: pip install {package}" in done.stderr, done.stderr


def check_page(page: Path) -> None:
    """The blocks of a page are true. Widths of columns don't count."""
    printed = ""
    namespace = {"__name__": "__page__"}
    for kind, source in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "text":
            assert printed.split() == source.split(), f"{page} says\n{source}\nand this was printed\n{printed}"
            continue
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(source, str(page), "exec"), namespace)  # noqa: S102 - our own documentation
        printed = out.getvalue()


@contextlib.contextmanager
def empty_folder() -> Iterator[None]:
    """A folder to work in, which nobody has written to."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, contextlib.chdir(folder):
        yield


def main() -> None:
    """Check it all, each page in a folder of its own."""
    pages = [Path(page).resolve() for page in sys.argv[1:]]
    check_import()
    with empty_folder():
        check_what_is_missing()
    for page in pages:
        with empty_folder():
            check_page(page)


if __name__ == "__main__":
    main()
