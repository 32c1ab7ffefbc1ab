"""Read the commit, branch and state of a git repository."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

__all__ = ["GitError", "git_params", "git_state"]

_TIMEOUT = 30.0  # seconds

_ELSEWHERE = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
)
"""Variables that point git to another repository than the one asked for; a git hook sets them for what it runs."""


class GitError(Exception):
    """Git could not answer; the message says why and what to do."""


def git_params(
    root: str | os.PathLike[str], own: Mapping[str, object], warn: Callable[[str, str], None]
) -> dict[str, str | bool | None]:
    """Return the git state of a folder as params, without the keys that the user's `own` params have."""
    try:
        state = git_state(root, warn)
    except GitError as error:
        warn("git", f"{error} The run continues without git_commit_hash, git_branch and git_dirty.")
        return {}
    clashes = [key for key, value in state.items() if key in own and own[key] != value]
    if clashes:
        names = ", ".join(clashes)
        warn("git params", f"{names}: params= overrides the value from git_root=. Rename the param to keep both.")
    return {key: value for key, value in state.items() if key not in own}


def git_state(
    root: str | os.PathLike[str], warn: Callable[[str, str], None] = lambda _about, _message: None
) -> dict[str, str | bool | None]:
    """Return the commit, the branch and whether the tree is dirty, of the repository that `root` lies in.

    `root` is a folder or a file. The branch of a detached head is `HEAD`. Untracked
    files make a tree dirty. Dirty is None in a bare repository, which has no tree, and, with a warning, if `git status`
    fails.

    Raises:
        GitError: if there is no commit to name.
    """
    folder = _folder(root)
    commit = _git(folder, "rev-parse", "--verify", "HEAD^{commit}")
    try:
        branch = _git(folder, "symbolic-ref", "--quiet", "HEAD")
    except GitError:
        branch = "HEAD"
    dirty = None
    try:
        dirty = bool(_git(folder, "status", "--porcelain"))
    except GitError as error:
        if "must be run in a work tree" not in str(error):
            warn("git status", f"git_dirty is unknown: {error}")
    return {"git_commit_hash": commit, "git_branch": branch.removeprefix("refs/heads/"), "git_dirty": dirty}


def _folder(root: str | os.PathLike[str]) -> Path:
    path = Path(root)
    if path.is_file():
        return path.parent
    if not path.exists():
        message = f"git_root={os.fspath(root)!r} does not exist. Pass a folder or file in the repository."
        raise GitError(message)
    return path


def _git(folder: Path, *words: str) -> str:
    """Return what a git command prints. Raises `GitError`."""
    import subprocess

    # must neither block the user's git commands nor run programs that the repository's settings name
    quietly = ("--no-optional-locks", "-c", "core.fsmonitor=false")
    command = ["git", *quietly, "-C", os.fspath(folder), *words]
    environment = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**environment, "LC_ALL": "C"},  # messages in English
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=_TIMEOUT,
        )
    except FileNotFoundError:
        message = f"git is not installed, or not on PATH, so git_root={str(folder)!r} cannot be read. Install git."
        raise GitError(message) from None
    except subprocess.TimeoutExpired:
        message = f"git {words[0]} did not finish within {_TIMEOUT:g} seconds in {str(folder)!r}."
        raise GitError(message) from None
    except OSError as error:
        message = f"git cannot be started: {error}."
        raise GitError(message) from error
    if done.returncode:
        raise GitError(_reason(folder, words[0], done.stderr.strip()))
    return done.stdout.strip()


def _reason(folder: Path, command: str, stderr: str) -> str:
    """Say why git failed, and what to do."""
    shown = repr(str(folder))
    if "dubious ownership" in stderr or "unsafe repository" in stderr:
        cure = re.search(r"git config --global --add safe\.directory .+", stderr)
        line = cure[0] if cure else f"git config --global --add safe.directory {folder.resolve()}"
        return (
            f"the git repository of {shown} belongs to another user, so git refuses to read it. If you trust it: {line}"
        )
    if "not a git repository" in stderr:
        return f"{shown} is not in a git repository. Pass a folder of one as git_root=, or run git init and commit."
    if "Needed a single revision" in stderr:
        return f"the git repository of {shown} has no commits yet. Commit first."
    first = stderr.partition("\n")[0] or "no message"
    return f"git {command} failed in {shown}: {first}."
