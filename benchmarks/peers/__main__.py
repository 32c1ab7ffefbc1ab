"""Lets `python -m benchmarks.peers` do what `python benchmarks peers` does."""

import sys

from benchmarks.peers.command import main

if __name__ == "__main__":
    main(sys.argv[1:])
