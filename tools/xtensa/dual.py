"""The whole of tests/dual on the Xtensa interpreter, but what needs threads. Minutes: some tests simulate hours."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from _build_common import ROOT

from .interpreter import STAND_INS, Interpreter, started

FOLDER = ROOT / "tests" / "dual"
NEEDS_THREADS = "test_one_thread_pushes_while_another_pops"


def run(machine: Interpreter) -> dict[str, bool]:
    """{file and test: whether it passes}; a file that does not get to its end counts as one that fails."""
    files = [path for path in sorted(FOLDER.glob("test_*.py")) if path.name != "test_on_micropython.py"]
    results: dict[str, bool] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for file, lines in zip(files, pool.map(lambda path: _lines(machine, path), files), strict=True):
            if lines[-1:] != ["end"]:
                results[file.stem] = False
            words = [line.split() for line in lines]
            results |= {f"{file.stem} {w[1]}": w[0] == "ok" for w in words if len(w) == 2 and w[0] in ("ok", "FAIL")}
    return results


def _lines(machine: Interpreter, file: Path) -> list[str]:
    script = FOLDER / "run_micropython.py"
    command = machine.command(str(script), str(ROOT / "shared"), str(file), NEEDS_THREADS)
    return started(command, {**os.environ, "MICROPYPATH": str(STAND_INS)}).stdout.splitlines()
