"""Load every plugin, each in its own process, and report what is wrong with it or between plugins."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from xetrack.plugin import API_VERSION
from xetrack.registry import OPENED_BY_OPTION, TRACKER_OPTIONS, Found, Plugins, installed, shadowed
from xetrack_cli.builtin_commands import COMMANDS

__all__ = ["Report", "check_all"]

_GRACE = 10  # seconds beyond the timeout, before a process is killed
_START = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from xetrack_cli.plugins.doctor_child import main
main(sys.argv[2])
"""
_OUTPUT = 2000  # characters of a plugin's output
_WITH_OPTIONS = {*OPENED_BY_OPTION, "engines"}
_REMEDY = "Rename it, or uninstall or disable one of them (XETRACK_DISABLE_PLUGINS)"


@dataclass
class Report:
    """What is known of a plugin after loading it.

    Args:
        distribution: the distribution that has it, `version` included.
        plugin: the name of its entry point, which points to `target`.
        seconds: how long the import took; None if it failed.
        api: its version of the plugin API, if it states one.
        file: the file of its module.
        hooks: the hooks that it implements.
        providers: dicts of `kind`, `name` and `options`, and of `schemes` if it serves any; an option is a dict of
            `name`, `type` and `default`.
        imports: the packages of others that the import brings along.
        problems: what keeps it from working.
        notes: what is worth knowing.
        traceback: where it failed.
    """

    distribution: str
    version: str
    plugin: str
    target: str
    seconds: float | None = None
    api: Any = None
    file: str | None = None
    hooks: list[str] = field(default_factory=list)
    providers: list[dict[str, Any]] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    traceback: str = ""

    @property
    def state(self) -> str:
        """`ok`, `note` or `problem`."""
        return "problem" if self.problems else "note" if self.notes else "ok"

    def row(self) -> dict[str, Any]:
        """Return everything as a row."""
        return {**asdict(self), "state": self.state}


def check_all(timeout: float) -> list[Report]:
    """Check the installed plugins one after the other, with `timeout` seconds for each."""
    reports = [_check(found, timeout) for found in installed()]
    for one, problem in _conflicts(reports):
        one.problems.append(problem)
    for one in reports:
        one.notes += _notes_of_installation(one, reports)
    return reports


def _check(found: Found, timeout: float) -> Report:
    one = Report(found.distribution, found.version, found.name, found.target)
    if found.disabled:
        one.notes.append("disabled by XETRACK_DISABLE_PLUGINS, and not loaded")
        return one
    loaded, output = _probe(found, timeout)
    one.seconds, one.api, one.file = loaded.get("seconds"), loaded.get("api"), loaded.get("file")
    one.hooks, one.providers, one.imports = (loaded.get(name, []) for name in ("hooks", "providers", "imports"))
    for failure in loaded["failures"]:
        one.problems.append(f"{failure['error']}: {failure['message']}")
        one.traceback += failure["traceback"]
    one.notes += _notes(one, loaded, output)
    return one


def _probe(found: Found, timeout: float) -> tuple[dict[str, Any], str]:
    """Load a plugin in a new process. Return the report of `doctor_child`, and what the plugin printed."""
    with tempfile.TemporaryDirectory(prefix="xt-plugins-") as folder:
        report, output = Path(folder) / "report.json", Path(folder) / "output.txt"
        plugin = [found.distribution, found.name, found.target]
        request = json.dumps({"plugin": plugin, "report": str(report), "timeout": timeout})
        # -u: the process ends without flushing what the plugin printed
        command = [sys.executable, "-u", "-P", "-c", _START, json.dumps(sys.path), request]
        started = time.monotonic()
        code = None
        # not a pipe: a process that the plugin starts could hold it open
        with output.open("wb") as stream, suppress(subprocess.TimeoutExpired):
            code = subprocess.run(  # noqa: S603 - this Python
                command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, timeout=timeout + _GRACE, check=False
            ).returncode
        text = output.read_text(encoding="utf-8", errors="replace")[-_OUTPUT:]
        if report.is_file():
            return json.loads(report.read_bytes()), text
        if time.monotonic() - started >= timeout:
            message = f"loading takes longer than {timeout:g} s (see the traceback). To allow more: --timeout SECONDS."
        else:
            message = f"loading ended the process with exit code {code}. A plugin must not exit on import."
        return {"failures": [{"error": "Stopped", "message": message, "traceback": text}]}, ""


def _notes(one: Report, loaded: Mapping[str, Any], output: str) -> Iterator[str]:
    if one.imports:
        yield f"importing it also imports {', '.join(one.imports)}. Import these where the provider is opened"
    if loaded.get("changes"):
        yield f"importing it changes {', '.join(loaded['changes'])} for the whole process"
    if output:
        yield f"importing it prints: {' '.join(output.split())[:80]}"
    if one.seconds is not None and one.api is None:
        yield f"it declares no plugin API version. Add xetrack_api = {API_VERSION} to {one.target}"
    if one.seconds is not None and not one.hooks:
        yield "it implements no hook, so it does nothing"


def _notes_of_installation(one: Report, reports: Iterable[Report]) -> Iterator[str]:
    for found in shadowed():
        if (found.distribution, found.name) == (one.distribution, one.plugin):
            yield f"its copy {found.version} in {found.location} is never used, because it comes later on sys.path"
    for other in reports:
        if other is not one and other.plugin == one.plugin:
            yield f"{other.distribution} has a plugin {one.plugin!r} too. XETRACK_DISABLE_PLUGINS disables both"


def _conflicts(reports: Sequence[Report]) -> Iterator[tuple[Report, str]]:
    """Yield the names, options and URL schemes of plugins that another plugin, or xetrack itself, claims too."""
    taken = [("Tracker itself", f"{option}=", False) for option in TRACKER_OPTIONS]
    taken += [("xetrack-cli", f"{name!r} among commands", False) for name in COMMANDS]
    for each in Plugins.of(()).all_offers():
        claims_of_core = _claims(each.kind, each.provider.name, each.options, each.schemes)
        taken += [("xetrack-core", *claim) for claim in claims_of_core]
    claims = [
        (one, *claim)
        for one in reports
        for each in one.providers
        for claim in _claims(
            each["kind"], each["name"], [option["name"] for option in each["options"]], each.get("schemes", ())
        )
    ]
    for number, (one, what, of_engine) in enumerate(claims):
        others = [(other.distribution, *claim) for place, (other, *claim) in enumerate(claims) if place != number]
        for owner, same, of_engine_too in taken + others:
            if what == same and not (of_engine and of_engine_too):  # a tracker has only one engine
                yield one, f"{what} is claimed by {owner} too. {_REMEDY}"


def _claims(kind: str, name: str, options: Iterable[str], schemes: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Yield what a provider claims, and whether it is an option of an engine."""
    yield f"{name!r} among {kind}", False
    yield from ((f"the URL scheme {scheme}://", False) for scheme in schemes)
    if kind in _WITH_OPTIONS:
        yield from ((f"{option}=", kind == "engines") for option in options)
