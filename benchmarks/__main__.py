"""Lets `python benchmarks` and `python -m benchmarks` do the same."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from benchmarks.command import main

    main()
