"""Python scripts in processes of their own, with pipes, killed at the end at the latest."""

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
"""Seconds after which a process counts as stuck."""

Process: TypeAlias = "subprocess.Popen[str]"
"""A process started by `Processes`, with text pipes."""


class Processes:
    """Starts Python scripts. Use it as `with Processes() as processes:`; all are killed at the end of the block.

    Args:
        prelude: Code that precedes every script. Scripts themselves may be indented.
        folder: The working directory; by default the current one.
        path: Folders to import modules from.
        options: Options of the Python interpreter.
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
        """Start a script with `arguments` as `sys.argv[1:]`. Its three standard streams are text pipes."""
        path = os.pathsep.join([*map(str, self._path), *filter(None, [os.environ.get("PYTHONPATH")])])
        process = subprocess.Popen(
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
        """Run a script and return its output. Raises `AssertionError` with its standard error if it fails."""
        return self.finish(self.start(script, *arguments, **environment))

    @staticmethod
    def finish(process: Process) -> str:
        """Wait for a process, and return its unread output. Raises `AssertionError` if it fails."""
        out, err = process.communicate(timeout=PATIENCE)
        if process.returncode:
            raise AssertionError(f"the process ended with {process.returncode}: {err}")
        return out

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        """Kill the processes that still run."""
        for process in self._started:
            process.kill()
            process.communicate()
