"""What the node's tests stand on: the firmware and the shared library on the path, as they are on a node."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "firmware"), str(ROOT / "shared")]
