"""Every plugin loaded, each in a process of its own; what is wrong with it, and with all of them together."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from xetrack.plugin import API_VERSION
from xetrack.registry import OPENED_BY_OPTION, TRACKER_OPTIONS, Found, Plugins, installed, shadowed
from xetrack_cli.builtin import COMMANDS

__all__ = ["Checked", "check_all"]

_GRACE = 10  # seconds for a process that does not end itself in time
_START = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from xetrack_cli.plugins.probe import main
main(sys.argv[2])
"""
_WITH_OPTIONS = {*OPENED_BY_OPTION, "engines"}
_SAID = 2000  # characters of what a plugin prints


@dataclass
class Checked:
    """A plugin, and what was found. `seconds` is how long importing it took, None where that came to no end.

    `providers` are dicts of `kind`, `name` and `options`; those, of `name`, `type` and `default`, both as Python has
    them. `imports` are the packages of others that it brings along. `problems` are what is wrong, `notes` what is
    merely worth knowing, `traceback` is that of a failure.
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
        """All that is known, with the state."""
        return {**asdict(self), "state": self.state}

    @property
    def label(self) -> str:
        """What it is called."""
        return f"{self.distribution} {self.version} (plugin {self.plugin})"


def check_all(timeout: float) -> list[Checked]:
    """Check every plugin that is installed, one after the other, `timeout` seconds at most for each."""
    checked = [_check(found, timeout) for found in installed()]
    for one, problem in _conflicts(checked):
        one.problems.append(problem)
    for one in checked:
        one.notes += _notes_of_installation(one, checked)
    return checked


def _check(found: Found, timeout: float) -> Checked:
    one = Checked(found.distribution, found.version, found.name, found.target)
    if found.disabled:
        one.notes.append("switched off by XETRACK_DISABLE_PLUGINS, and not loaded")
        return one
    told, said = _probe(found, timeout)
    one.seconds, one.api, one.file = told.get("seconds"), told.get("api"), told.get("file")
    one.hooks, one.providers, one.imports = (told.get(name, []) for name in ("hooks", "providers", "imports"))
    for failure in told["failures"]:
        one.problems.append(f"{failure['error']}: {failure['message']}")
        one.traceback += failure["traceback"]
    one.notes += _notes(one, told, said)
    return one


def _probe(found: Found, timeout: float) -> tuple[dict[str, Any], str]:
    """What the process that loaded it reports, and what the plugin printed."""
    with tempfile.TemporaryDirectory(prefix="xt-plugins-") as folder:
        report, said = Path(folder) / "report.json", Path(folder) / "said.txt"
        plugin = [found.distribution, found.name, found.target]
        request = json.dumps({"plugin": plugin, "report": str(report), "timeout": timeout})
        # -u: the process ends without flushing what the plugin printed
        command = [sys.executable, "-u", "-P", "-c", _START, json.dumps(sys.path), request]
        started = time.monotonic()
        with said.open("wb") as stream:
            code = _run(command, stream, timeout + _GRACE)
        text = said.read_text(encoding="utf-8", errors="replace")[-_SAID:]
        if report.is_file():
            return json.loads(report.read_bytes()), text
        return _no_report(code, text, hangs=time.monotonic() - started >= timeout, timeout=timeout), ""


def _run(command: Sequence[str], said: Any, timeout: float) -> int | None:
    """The exit code; None if the process had to be killed."""
    try:
        # no pipe: a process that the plugin starts could hold it open
        done = subprocess.run(  # noqa: S603 - this Python
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    return done.returncode


def _no_report(code: int | None, text: str, *, hangs: bool, timeout: float) -> dict[str, Any]:
    if hangs:
        message = f"loading it did not end within {timeout:g} s. See where it waits below, or give --timeout SECONDS."
    else:
        message = f"loading it ended the process, with the exit code {code}. A plugin must not do that."
    return {"failures": [{"error": "Stopped", "message": message, "traceback": text}]}


def _notes(one: Checked, told: Mapping[str, Any], said: str) -> Iterator[str]:
    if one.imports:
        yield f"importing it brings {', '.join(one.imports)}: import these in the function that opens the thing"
    if told.get("changes"):
        yield f"importing it changes {', '.join(told['changes'])}, for the whole process"
    if said:
        yield f"importing it prints: {' '.join(said.split())[:80]}"
    if one.seconds is not None and one.api is None:
        yield f"it states no version of the plugin API: add xetrack_api = {API_VERSION} to {one.target}"
    if one.seconds is not None and not one.hooks:
        yield "it implements no hook, so it does nothing"


def _notes_of_installation(one: Checked, checked: Iterable[Checked]) -> Iterator[str]:
    for found in shadowed():
        if (found.distribution, found.name) == (one.distribution, one.plugin):
            yield f"another copy of it, {found.version} in {found.location}, is never used: it is later on sys.path"
    for other in checked:
        if other is not one and other.plugin == one.plugin:
            yield f"{other.distribution} calls a plugin {one.plugin!r} too: XETRACK_DISABLE_PLUGINS means both"


# Together


@dataclass(frozen=True)
class _Claim:
    """A provider of somebody."""

    owner: Checked | None
    kind: str
    name: str
    options: frozenset[str]

    @property
    def label(self) -> str:
        return self.owner.distribution if self.owner else "xetrack-core"


def _claims(checked: Iterable[Checked]) -> list[_Claim]:
    ours = [_Claim(None, each.kind, each.provider.name, each.options) for each in Plugins.of(()).all_offers()]
    return ours + [
        _Claim(one, each["kind"], each["name"], frozenset(option["name"] for option in each["options"]))
        for one in checked
        for each in one.providers
    ]


def _conflicts(checked: Sequence[Checked]) -> Iterator[tuple[Checked, str]]:
    """What cannot be told of one plugin alone."""
    claims = _claims(checked)
    for claim in claims:
        if claim.owner is None:
            continue
        if claim.kind == "commands" and claim.name in COMMANDS:
            yield claim.owner, f"xt {claim.name} is a command of xetrack-cli: give yours another name"
        if claim.kind in _WITH_OPTIONS:
            for option in sorted(claim.options.intersection(TRACKER_OPTIONS)):
                yield claim.owner, f"{option}= is an argument of Tracker itself: give the option another name"
        for other in claims:
            if other is not claim:
                for problem in _clash(claim, other):
                    yield claim.owner, problem


def _clash(one: _Claim, other: _Claim) -> Iterator[str]:
    cure = "Uninstall one, or switch it off with XETRACK_DISABLE_PLUGINS"
    if (one.kind, one.name) == (other.kind, other.name):
        yield f"{other.label} provides {one.name!r} among {one.kind} too, so neither can be chosen. {cure}"
    elif _meet(one, other):
        for option in sorted(one.options & other.options):
            both = f"{option}= is claimed by {other.name!r} of {other.label} too"
            yield f"{both}, so a tracker that has both refuses it. {cure}"


def _meet(one: _Claim, other: _Claim) -> bool:
    """Whether both could be opened by one tracker. Of the engines there is only one."""
    kinds = {one.kind, other.kind}
    return kinds <= _WITH_OPTIONS and kinds != {"engines"}
