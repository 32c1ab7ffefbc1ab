"""Where `xt` starts, and how it ends: exit codes, one line of error, a closed pipe."""

import os
import signal
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress

__all__ = ["main", "run"]

_INTERRUPTED = 130  # as shells tell of a command that Ctrl-C ended


def main() -> None:
    """Run `xt` as a program."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `xt ... | head` ends when head does, as other commands do
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us, `xt head track.db >&-`
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - to the end of the process
        with suppress(AttributeError):  # not a stream of text: somebody put something in its place
            getattr(sys, name).reconfigure(errors="backslashreplace")
    try:
        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:  # while something was imported
        sys.exit(_INTERRUPTED)


def run(arguments: Sequence[str]) -> int:
    """Run one command line, and return its exit code."""
    from xetrack.errors import XetrackWarning
    from xetrack_cli.app import root
    from xetrack_cli.errors import explain, show_warning

    with warnings.catch_warnings():
        warnings.showwarning = show_warning
        warnings.simplefilter("always", XetrackWarning)
        try:
            code = root()(list(arguments) or ["--help"], prog_name="xt", standalone_mode=False)
            sys.stdout.flush()  # a full disk is told here
        except KeyboardInterrupt:
            return _INTERRUPTED
        except Exception as error:
            told = explain(error)
            if told is None:
                raise  # a mistake of ours: the traceback tells where
            with suppress(OSError):
                sys.stdout.flush()
            print(f"xt: {told.text}", file=sys.stderr)  # noqa: T201 - this is where errors are told
            return told.code
    return code if isinstance(code, int) else 0
