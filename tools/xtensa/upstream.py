"""MicroPython's own tests, from its source package, on the Xtensa interpreter: is the port sound?

Each test is a script in a process of its own. What it should print is beside it (.exp) or, as in MicroPython's own
runner, what CPython prints. boards/XTENSA/upstream_tests.txt lists those that fail or skip, and why; all others pass.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import XtensaError
from .interpreter import BOARD, OUT, Interpreter

BASELINE = BOARD / "upstream_tests.txt"
FOLDERS = ("basics", "float", "micropython")
HEAP = "1M"  # as MicroPython's own runner has it on a computer
TIMEOUT_S = 60
PASS, FAIL, SKIP = "pass", "fail", "skip"


@dataclass(frozen=True)
class Results:
    verdicts: dict[str, str]  # folder/name: PASS, FAIL or SKIP
    regressions: list[str]  # those that the baseline has as better
    improvements: list[str]  # those that it has as worse

    def count(self, verdict: str) -> int:
        return list(self.verdicts.values()).count(verdict)

    def summary(self) -> str:
        return f"{self.count(PASS)} pass, {self.count(FAIL)} fail, {self.count(SKIP)} skip"


def run(interpreter: Interpreter, micropython: Path) -> Results:
    """All of them, on all cores; about 40 s on two."""
    tests = sorted(path for folder in FOLDERS for path in (micropython / "tests" / folder).glob("*.py"))
    if not tests:
        raise XtensaError(f"{micropython} has no tests in {', '.join(FOLDERS)}.")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        verdicts = pool.map(lambda test: _verdict(interpreter, test), tests)
        found = {f"{test.parent.name}/{test.stem}": verdict for test, verdict in zip(tests, verdicts, strict=True)}
    return compare(found, known())


def compare(found: dict[str, str], baseline: dict[str, str]) -> Results:
    rank = {FAIL: 0, SKIP: 1, PASS: 2}
    worse, better = [], []
    for test, verdict in found.items():
        before = baseline.get(test, PASS)
        if rank[verdict] < rank[before]:
            worse.append(f"{test}: {before} -> {verdict}")
        elif rank[verdict] > rank[before]:
            better.append(f"{test}: {before} -> {verdict}")
    return Results(found, worse, better)


def known() -> dict[str, str]:
    """Of the baseline's lines "fail folder/name"; what follows a # is for people."""
    lines = [line.partition("#")[0].split() for line in BASELINE.read_text().splitlines()]
    return {test: verdict for verdict, test in [words for words in lines if words]}


def _verdict(interpreter: Interpreter, test: Path) -> str:
    command = interpreter.command(test.name, heap=HEAP)
    printed = _output(command, test.parent)
    if printed.strip() == b"SKIP":
        return SKIP
    return PASS if _matches(printed.decode(errors="replace"), _expected(test).decode()) else FAIL


def _output(command: list[str], folder: Path) -> bytes:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return b"CRASH: still running"
    crashed = b"CRASH" if done.returncode not in (0, 1) else b""
    return done.stdout.replace(b"\r\n", b"\n") + crashed


def _expected(test: Path) -> bytes:
    beside = test.with_suffix(".py.exp")
    if beside.exists():
        return beside.read_bytes()
    kept = OUT / "expected" / test.parent.name / f"{test.stem}.txt"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(_output([sys.executable, "-BS", test.name], test.parent))
    return kept.read_bytes()


def _matches(printed: str, expected: str) -> bool:
    """A line ######## of what is expected stands for any lines."""
    pattern = re.escape(expected).replace(re.escape("########\n"), "(.*\n)*")
    return re.fullmatch(pattern, printed) is not None
