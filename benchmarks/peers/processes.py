"""The processes in which a peer works, and the ways in which they fail."""

import json
import os
import signal
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from benchmarks.peers.failures import FailedError, MissingError, last_line
from benchmarks.peers.pins import FOLDER, Pinned

NOWHERE = "http://127.0.0.1:9"  # a proxy that nothing listens at: no peer talks to the network
KEPT = ("PATH", "SYSTEMROOT", "LANG", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Station:
    """A peer, the Python that it is installed for, and a folder for what it leaves in a user's home."""

    peer: Pinned
    python: Path
    home: Path
    seconds: float  # that a process may take

    def work(self, folder, work, **order):
        """The result of one process. Raises FailedError, or MissingError where the peer has no such thing."""
        with self.process(folder, work, **order) as process:
            return self.result(process)

    @contextmanager
    def process(self, folder, work, **order):
        """A worker; when the block is left, it and all that it started are gone."""
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"adapter": str(self.peer.adapter), "work": work, "folder": str(folder), **order})
        with self._started(folder, "-P", str(FOLDER / "worker.py"), text) as process:
            yield process

    def imported(self):
        """Run a process that imports the peer and does nothing else."""
        with self._started(self.home, "-c", f"import {self.peer.module}") as process:
            self._ended(process)

    def result(self, process, read=""):
        """What a process printed last, which is a line of JSON; `read` was read already."""
        lines = (read + self._ended(process)).splitlines()
        result = json.loads(lines[-1]) if lines else {}
        if "missing" in result:
            raise MissingError(f"no {result['missing']}")
        return result

    def _ended(self, process):
        try:
            out, _ = process.communicate(timeout=self.seconds)
        except subprocess.TimeoutExpired:
            raise FailedError(f"did not end within {self.seconds:g} s") from None
        if process.returncode:
            process.errors.seek(0)
            raise FailedError(last_line(process.errors.read()))
        return out

    @contextmanager
    def _started(self, folder, *arguments):
        errors = TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - a pipe would fill up; `end` closes it
        process = subprocess.Popen(
            [self.python, *arguments],
            cwd=folder,
            env=self._variables(folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # so that what it starts can be ended with it
        )
        process.errors = errors
        try:
            yield process
        finally:
            end(process)

    def _variables(self, folder):
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        proxies = {
            name: NOWHERE for each in ("http", "https", "all") for name in (f"{each}_proxy", f"{each}_PROXY".upper())
        }
        own = {name: value.format(folder=folder) for name, value in self.peer.variables.items()}
        home = {"HOME": str(self.home), "USERPROFILE": str(self.home), "TMPDIR": str(self.home), "TEMP": str(self.home)}
        return {**kept, **home, **proxies, "no_proxy": "localhost,127.0.0.1", "DO_NOT_TRACK": "1", **own}


def end(process):
    """Kill a process and whatever it has started, and forget its pipes."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.errors):
        with suppress(BrokenPipeError):
            pipe.close()


def lingers(process):
    """Whether something that the process started in its group is still there."""
    try:
        os.killpg(process.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
