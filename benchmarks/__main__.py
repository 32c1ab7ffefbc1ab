"""Lets `python benchmarks` and `python -m benchmarks` do the same. `python benchmarks peers` compares with others."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    if sys.argv[1:2] == ["peers"]:
        from benchmarks.peers.command import main

        main(sys.argv[2:])
    else:
        from benchmarks.command import main

        main()
