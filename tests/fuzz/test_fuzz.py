"""Every target: its corpus, then fuzzing; for a minute each in CI, a moment elsewhere, hours by `make fuzz`."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from host_kernels import NATIVE, SOURCES
from tests.fuzz.targets import TARGETS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build" / "fuzz"
SECONDS = int(os.environ.get("K1_FUZZ_SECONDS") or (60 if os.environ.get("CI") else 1))
SLACK_S = 120
NATIVE_TARGET = "analysis"
SANITIZERS = ["-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"]
INPUTS = [path for target in TARGETS for path in sorted((HERE / "corpus" / target).iterdir())]


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_the_corpus(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


@pytest.fixture(scope="module")
def fuzzing() -> Iterator[dict[str, "Future[str]"]]:
    """All targets, as many at a time as there are cores."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {name: pool.submit(_fuzz, name) for name in TARGETS}
        running[NATIVE_TARGET] = pool.submit(_fuzz_native)
        yield running
        pool.shutdown(cancel_futures=True)


@pytest.mark.timeout(SECONDS * (len(TARGETS) + 1) + SLACK_S)
@pytest.mark.parametrize("name", [*TARGETS, NATIVE_TARGET])
def test_no_input_breaks_it(name: str, fuzzing: "dict[str, Future[str]]") -> None:
    said = fuzzing[name].result()
    runs = re.search(r"stat::number_of_executed_units: (\d+)", said)
    assert runs is not None and int(runs[1]) > 0, said


def _fuzz(name: str) -> str:
    pytest.importorskip("atheris", reason="atheris is made for Linux on x86-64, up to the Python of its wheels")
    return _run(name, [sys.executable, "-m", "tests.fuzz", name, "--seconds", str(SECONDS)])


def _fuzz_native() -> str:
    """The C analysis, in a build of clang's with libFuzzer."""
    program = BUILD / NATIVE_TARGET / "fuzz"
    corpus = program.parent / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    compiler = shutil.which("clang") or shutil.which("clang-14")
    if compiler is None:
        pytest.skip("no clang here; on Debian: apt-get install clang-14 libclang-rt-14-dev")
    flags = ["-g", "-O1", "-std=gnu11", "-ffp-contract=off", f"-I{NATIVE}", *SANITIZERS]
    command = [compiler, *flags, HERE / "analysis.c", *SOURCES, "-lm", "-o", program]
    built = subprocess.run(command, capture_output=True, text=True)
    if "libclang_rt.fuzzer" in built.stderr:
        pytest.skip("clang has no libFuzzer here; on Debian: apt-get install libclang-rt-14-dev")
    assert built.returncode == 0, built.stderr
    options = [f"-max_total_time={SECONDS}", "-max_len=16384", "-timeout=10", "-print_final_stats=1"]
    return _run(NATIVE_TARGET, [program, *options, f"-artifact_prefix={program.parent}/", corpus])


def _run(name: str, command: list[str | Path]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS + SLACK_S)
    said = done.stdout + done.stderr
    assert done.returncode == 0, f"{name}: an input breaks it; it is in {BUILD / name}\n{said[-4000:]}"
    return said
