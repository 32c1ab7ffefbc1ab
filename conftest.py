"""Have all tests begin alike, whatever shell they are started from, and show how to run more of them."""

import os
import signal

import pytest

# What xetrack and what it prints with heed. Tests that are about one of these set it.
HEEDED = (
    *("XETRACK_DB", "XETRACK_SAFE", "XETRACK_DISABLE_PLUGINS", "XETRACK_STRICT_PLUGINS", "LOGS_DELIMITER"),
    *("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"),
)
for name in HEEDED:
    os.environ.pop(name, None)

# A shell has its background jobs ignore Ctrl-C, and so would every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say that there is a second tier, unless it is asked for."""
    if not config.option.markexpr.startswith("not ("):
        return None
    return 'first tier only: -m docs runs a group of the second, -m "" runs everything (see CONTRIBUTING.md)'
