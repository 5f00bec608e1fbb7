"""MicroPython's half of the dual suite: every test of the neighbouring files, run by the SIM interpreter.

A file is run once per session, in a process of its own with a heap no larger than a board's, and each of its tests
is reported as a test here. K1_MICROPYTHON names another interpreter than the SIM's."""

import importlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
HEAP = "200k"
TIMEOUT_S = 120

FILES = [path for path in sorted(HERE.glob("test_*.py")) if path != Path(__file__)]


def _tests():
    """(file, name) of every test; CPython imports the file to learn them, as some are made from tables."""
    for path in FILES:
        module = importlib.import_module(path.stem)
        for name in sorted(vars(module)):
            if name.startswith("test_") and callable(getattr(module, name)):
                yield pytest.param(path, name, id=f"{path.stem}-{name}")


@pytest.fixture(scope="session")
def interpreter() -> str:
    named = os.environ.get("K1_MICROPYTHON")
    if named:
        return named
    sys.path.insert(0, str(REPOSITORY / "tools"))
    from build import ensure_sim

    return str(ensure_sim().binary)


@cache
def _run(interpreter: str, path: Path) -> tuple[dict[str, str], str]:
    """{test: "" or its traceback}, and everything the interpreter printed."""
    command = [interpreter, "-X", f"heapsize={HEAP}", "run_micropython.py", str(REPOSITORY / "shared"), str(path)]
    done = subprocess.run(
        command, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT_S, check=False
    )
    results: dict[str, str] = {}
    last = ""
    for line in done.stdout.splitlines():
        verdict, _, name = line.partition(" ")
        if verdict in ("ok", "FAIL") and name.startswith("test_"):
            last = name
            results[name] = "" if verdict == "ok" else line
        elif last and results[last]:
            results[last] += "\n" + line
    return results, done.stdout


@pytest.mark.parametrize(("path", "name"), list(_tests()))
def test_on_micropython(interpreter: str, path: Path, name: str) -> None:
    results, output = _run(interpreter, path)
    if name not in results:
        pytest.fail(f"MicroPython did not get to {name}:\n{output}", pytrace=False)
    if results[name]:
        pytest.fail(results[name], pytrace=False)
