"""Start `xt`, and end it: exit codes, errors in one line, closed pipes."""

import os
import signal
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress

__all__ = ["main", "run"]

_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def main() -> None:
    """Run `xt` as a program."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `xt ... | head` ends quietly
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the caller closed it, as in `xt head track.db >&-`
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - open until the end
        with suppress(AttributeError):  # replaced by something that is not a text stream
            getattr(sys, name).reconfigure(errors="backslashreplace")
    try:
        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:  # during an import
        sys.exit(_INTERRUPTED)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    from xetrack.errors import XetrackWarning
    from xetrack.plugin import redact_error
    from xetrack_cli.app import root
    from xetrack_cli.errors import explain, show_warning

    with warnings.catch_warnings():
        warnings.showwarning = show_warning
        warnings.simplefilter("always", XetrackWarning)
        try:
            code = root()(list(arguments) or ["--help"], prog_name="xt", standalone_mode=False)
            sys.stdout.flush()  # raises here if the disk is full
        except KeyboardInterrupt:
            return _INTERRUPTED
        except Exception as error:
            explained = explain(error)
            if explained is None:
                redact_error(error)
                raise
            text, code = explained
            with suppress(OSError):
                sys.stdout.flush()
            print(f"xt: {text}", file=sys.stderr)  # noqa: T201 - errors go here
            return code
    return code if isinstance(code, int) else 0
