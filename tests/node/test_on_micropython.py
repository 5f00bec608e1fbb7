"""The files that run on both interpreters, on the SIM's MicroPython with a board's heap: viper twins, allocation.

K1_MICROPYTHON names another interpreter than the SIM's."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RUNNER = ROOT / "tests" / "dual" / "run_micropython.py"
HEAP = "256k"
TIMEOUT_S = 60
FILES = sorted(HERE.glob("test_both_*.py")) + sorted(HERE.glob("on_sim_*.py"))


@cache
def interpreter() -> str:
    named = os.environ.get("K1_MICROPYTHON")
    if named:
        return named
    sys.path.insert(0, str(ROOT / "tools"))
    from build import ensure_sim

    return str(ensure_sim().binary)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file(path: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "MICROPYPATH": f"{ROOT / 'firmware'}:.frozen", "K1_SIM_DIR": str(tmp_path)}
    command = [interpreter(), "-X", f"heapsize={HEAP}", str(RUNNER), str(ROOT / "shared"), str(path)]
    done = subprocess.run(
        command,
        env=environment,
        cwd=HERE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0 and "end" in done.stdout.splitlines(), done.stdout
