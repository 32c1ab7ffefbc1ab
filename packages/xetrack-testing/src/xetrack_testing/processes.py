"""Real processes: told what to do by scripts, asked by pipes how far they are, and killed at the end at the latest."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent
from types import TracebackType
from typing import Self, TypeAlias

__all__ = ["PATIENCE", "Process", "Processes"]

PATIENCE = 300
"""Seconds until a process counts as stuck."""

Process: TypeAlias = "subprocess.Popen[str]"
"""A process that `Processes` started, with pipes of text."""


class Processes:
    """Starts Python scripts; used as `with Processes() as processes:`, at whose end all are killed.

    `prelude` comes before every script, which may be indented. `folder` is where they run, by default here. `path` are
    folders that they find modules in. `options` go to the interpreter.
    """

    def __init__(
        self,
        prelude: str = "",
        *,
        folder: Path | None = None,
        path: Sequence[Path] = (),
        options: Sequence[str] = (),
    ) -> None:
        self._prelude = prelude
        self._folder = folder
        self._path = path
        self._options = options
        self._started: list[Process] = []

    def start(self, script: str, *arguments: object, **environment: str) -> Process:
        """Start a script; `arguments` are its `sys.argv[1:]`, and its three streams are pipes of text."""
        path = os.pathsep.join([*map(str, self._path), *filter(None, [os.environ.get("PYTHONPATH")])])
        process = subprocess.Popen(  # noqa: S603 - what a test asks for
            [sys.executable, *self._options, "-c", self._prelude + dedent(script), *map(str, arguments)],
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": path, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def run(self, script: str, *arguments: object, **environment: str) -> str:
        """Run a script to its end, and return what it printed. Raises `AssertionError` with its errors if it fails."""
        return self.finish(self.start(script, *arguments, **environment))

    @staticmethod
    def finish(process: Process) -> str:
        """Wait for a process to end well, and return what it printed that was not read yet."""
        out, err = process.communicate(timeout=PATIENCE)
        if process.returncode:
            raise AssertionError(f"the process ended with {process.returncode}: {err}")
        return out

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        """Kill what still runs."""
        for process in self._started:
            process.kill()
            process.communicate()
