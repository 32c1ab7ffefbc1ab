"""A virtual environment a peer, made by uv and kept for the next time."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.peers.failures import FailedError, last_line
from benchmarks.peers.pins import ROOT


def default_folder():
    """Where a user's caches go: uv keeps its own there, too."""
    caches = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(caches) / "xetrack-benchmarks"


def python_of(peer, folder):
    """The Python of the peer's environment, which is made if there is none of these versions. Raises FailedError."""
    place = folder / f"{peer.name}-{_key(peer)}"
    local = any(line.startswith(".") for line in peer.requirements)
    if local:
        shutil.rmtree(place, ignore_errors=True)  # this checkout may have changed
    if not (place / "complete").exists():
        _make(place, ["--refresh", *peer.requirements] if local else peer.requirements)
        (place / "complete").touch()
    return _python(place)


def _key(peer):
    text = repr((sorted(peer.requirements), sys.version))
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def _python(place):
    return place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _make(place, requirements):
    _uv("venv", "--quiet", "--clear", "--python", sys.executable, place)
    if requirements:
        _uv("pip", "install", "--quiet", "--python", _python(place), *requirements)


def _uv(*words):
    command = ["uv", *map(str, words)]
    own = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"}}
    done = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise FailedError(f"is not installed: {last_line(done.stderr)}")


def size_of(python):
    """Number of distributions in an environment, and the bytes of their files. Compiled files are not counted."""
    if not (site := next(python.parents[1].glob("[Ll]ib/**/site-packages"), None)):
        raise FailedError("has no site-packages")
    files = [path for path in site.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return {
        "packages": sum(1 for path in site.glob("*.dist-info")),
        "bytes": sum(path.stat().st_size for path in files),
    }
