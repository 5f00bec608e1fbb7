"""CPython's half of the dual suite: pytest collects the same files that MicroPython runs."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
SHARED = HERE.parents[1] / "shared"
sys.path[:0] = [str(HERE), str(SHARED)]
