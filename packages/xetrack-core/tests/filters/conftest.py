"""Where tests of filters find `toy_engine`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
