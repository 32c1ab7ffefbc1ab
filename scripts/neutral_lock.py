"""Keep `uv.lock` free of download addresses, so that one lock serves behind any package index.

A neutral lock names packages, versions, dependencies and markers. uv takes it as version pins, and fills in
the addresses and hashes of whatever index it is set up with:

    python3 scripts/neutral_lock.py < uv.lock      print the neutral form (this is the git clean filter)
    python3 scripts/neutral_lock.py --write FILE   put FILE into the neutral form
    python3 scripts/neutral_lock.py --check FILE   fail, naming the lines that are not neutral

A FILE called `-` is standard input.
"""

import argparse
import re
import sys
from pathlib import Path

# What comes off: the files of a package, over one line or several.
FILES = re.compile(r"^(?:sdist = .*|wheels = \[(?:.*\]|\n(?: .*\n)*\]))\n", re.MULTILINE)

# uv wants every package to name its registry, and never looks at this one.
REGISTRY = re.compile(r'registry = "[^"]*"')
NO_REGISTRY = 'registry = "."'

# A lock without files satisfies uv as it stands, and then nothing can be installed from it. One whose
# requires-python differs from the project's makes uv resolve again, with the versions in the lock as pins.
# So the project's own requires-python must have no upper bound (tests/workspace/test_packages.py sees to it).
REQUIRES_PYTHON = re.compile(r'^(requires-python = "[^"<]*)"', re.MULTILINE)
UPPER_BOUND = ", <4"

SHOWN = 10  # a full lock has a thousand lines with addresses: the first few tell enough
CURE = "python3 scripts/neutral_lock.py --write uv.lock"


def neutralise(lock: str) -> str:
    """The neutral form of the text of a lock; a neutral lock comes back as it is."""
    without_files = FILES.sub("", lock)
    without_registries = REGISTRY.sub(NO_REGISTRY, without_files)
    return REQUIRES_PYTHON.sub(rf'\g<1>{UPPER_BOUND}"', without_registries)


def offences(lock: str) -> list[str]:
    """The lines that the neutral form would not have, or that hold an address, each as `number: line`."""
    kept = set(neutralise(lock).splitlines())
    lines = enumerate(lock.splitlines(), start=1)
    return [f"{number}: {line}" for number, line in lines if line not in kept or "://" in line]


def read(name: str) -> str:
    """The text of a file, or of standard input where the name is `-`."""
    return (sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()).decode()


def check(name: str) -> int:
    """Report what is not neutral; the exit status."""
    found = offences(read(name))
    if not found:
        return 0
    print(*found[:SHOWN], sep="\n", file=sys.stderr)
    print(f"{len(found)} lines of the lock are not neutral. The cure: {CURE}", file=sys.stderr)
    return 1


def main() -> int:
    """Run the mode that the command line asks for; the exit status."""
    parser = argparse.ArgumentParser(description="Keep uv.lock free of download addresses.")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", metavar="FILE", help="fail, naming the lines that are not neutral")
    mode.add_argument("--write", metavar="FILE", help="put the file into the neutral form")
    options = parser.parse_args()
    if options.check:
        return check(options.check)
    neutral = neutralise(read(options.write or "-")).encode()
    if options.write:
        Path(options.write).write_bytes(neutral)
    else:
        sys.stdout.buffer.write(neutral)
    return 0


if __name__ == "__main__":
    sys.exit(main())
