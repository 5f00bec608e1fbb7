"""Importing this first makes a tool run by the repository's own Python, where it was started by another."""

import importlib.util
import os
import sys
from pathlib import Path

_PYTHON = Path(__file__).resolve().parent.parent / ".venv" / "bin" / "python"

if importlib.util.find_spec("lightwave_hub") is None:  # the system's Python: it has none of our dependencies
    if not _PYTHON.exists() or Path(sys.executable) == _PYTHON:
        sys.exit(f"{Path(sys.argv[0]).name}: what it needs is not installed. Run `make setup` first.")
    os.execv(_PYTHON, [str(_PYTHON), *sys.argv])
