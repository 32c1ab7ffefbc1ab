"""Have all tests begin alike, whatever shell they are started from, and show how to run more of them."""

import gc
import os
import signal
from collections.abc import Iterator

import pytest

# Variables that change what xetrack, or a process that a test starts, does or prints. Tests of one of these set it.
HEEDED = (
    *("XETRACK_DB", "XETRACK_SAFE", "XETRACK_DISABLE_PLUGINS", "XETRACK_STRICT_PLUGINS", "LOGS_DELIMITER"),
    *("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "PYTHONWARNINGS"),
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"),  # set where a git hook runs the tests
)
for name in HEEDED:
    os.environ.pop(name, None)

# Whoever signs commits has no key at hand for those of tests.
settings = int(os.environ.get("GIT_CONFIG_COUNT", "0"))
os.environ[f"GIT_CONFIG_KEY_{settings}"] = "commit.gpgsign"
os.environ[f"GIT_CONFIG_VALUE_{settings}"] = "false"
os.environ["GIT_CONFIG_COUNT"] = str(settings + 1)

# A shell has its background jobs ignore Ctrl-C, and so would every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Keep the garbage collector away from what collecting tests makes, now and whenever a test collects garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say that there is a second tier, unless it is asked for."""
    if not config.option.markexpr.startswith("not ("):
        return None
    return 'first tier only: -m docs runs a group of the second, -m "" runs everything (see CONTRIBUTING.md)'
