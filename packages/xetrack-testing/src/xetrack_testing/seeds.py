"""Seeds for randomized tests, printed so that a failure can be repeated."""

import os
import secrets
import sys

__all__ = ["SEED", "logged_seed"]

SEED = "XETRACK_SEED"
"""The environment variable that sets the seed."""


def logged_seed(test: str) -> int:
    """Return $XETRACK_SEED, by default a new seed, and print the command that repeats `test` with it.

    pytest shows the output of failed tests. `test` is pytest's node id.
    """
    given = os.environ.get(SEED)
    seed = int(given) if given else secrets.randbits(32)
    sys.stdout.write(f"Repeat with: {SEED}={seed} uv run pytest '{test}'\n")
    return seed
