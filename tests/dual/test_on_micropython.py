"""MicroPython's half of the dual suite: every test of the neighbouring files, run by the SIM interpreter and as Xtensa
code.

A file is run once per session and interpreter, in a process of its own with a heap no larger than a board's, and each
of its tests is reported as a test here. K1_MICROPYTHON names an interpreter to use instead of the SIM's."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
HEAP = "256k"  # a board's, and what it takes to compile the modules here
TIMEOUT_S = 120
XTENSA_TIMEOUT_S = 900  # it may have to fetch and build the tools

FILES = [path for path in sorted(HERE.glob("test_*.py")) if path != Path(__file__)]
NO_THREADS = "The Xtensa interpreter has no threads."
TOO_LONG = "Simulates minutes; under emulation that takes too long here. `make xtensa` runs it."
NOT_ON_XTENSA = {
    "test_one_thread_pushes_while_another_pops": NO_THREADS,
    "test_an_error_can_always_be_sent_as_a_reject": TOO_LONG,
    "test_follows_its_clocks_over_both_wraps": TOO_LONG,
    "test_holds_over_without_pongs_by_the_learned_skew": TOO_LONG,
    "test_locks_on_a_bad_link_crowded": TOO_LONG,
    "test_locks_on_a_bad_link_lopsided": TOO_LONG,
    "test_locks_on_a_bad_link_lossy": TOO_LONG,
    "test_locks_on_a_bad_link_retransmitting": TOO_LONG,
    "test_locks_on_a_bad_link_wifi": TOO_LONG,
    "test_nodes_agree_on_the_grid": TOO_LONG,
    "test_relocks_when_pongs_return": TOO_LONG,
    "test_the_bound_holds_from_the_lock_on": TOO_LONG,
}


def _tests(left_out=()):
    """(file, name) of every test; CPython imports the file to learn them, as some are made from tables."""
    for path in FILES:
        module = importlib.import_module(path.stem)
        for name in sorted(vars(module)):
            if name.startswith("test_") and callable(getattr(module, name)):
                marks = [pytest.mark.skip(reason=left_out[name])] if name in left_out else []
                yield pytest.param(path, name, id=f"{path.stem}-{name}", marks=marks)


@pytest.fixture(scope="session")
def sim() -> tuple[str, ...]:
    """The command that runs a script."""
    named = os.environ.get("K1_MICROPYTHON")
    if named:
        return (named, "-X", f"heapsize={HEAP}")
    sys.path.insert(0, str(REPOSITORY / "tools"))
    from build import ensure_sim

    return (str(ensure_sim().binary), "-X", f"heapsize={HEAP}")


@pytest.fixture(scope="module")
def on_xtensa(request: pytest.FixtureRequest) -> Iterator[dict[Path, Future[tuple[dict[str, str], str]]]]:
    """What became of each file that was asked for, as many at a time as there are cores: emulation takes long."""
    from xtensa import ToolchainUnavailable, interpreter

    try:
        command = tuple(interpreter.ensure().command(heap=HEAP))
    except ToolchainUnavailable as error:
        pytest.skip(str(error))
    asked = [item for item in request.session.items if getattr(item, "originalname", "") == "test_on_xtensa"]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        paths = dict.fromkeys(item.callspec.params["path"] for item in asked)
        yield {path: pool.submit(_run, command, path, tuple(NOT_ON_XTENSA)) for path in paths}
        pool.shutdown(cancel_futures=True)


@cache
def _run(command: tuple[str, ...], path: Path, left_out: tuple[str, ...] = ()) -> tuple[dict[str, str], str]:
    """{test: "" or its traceback}, and everything the interpreter printed."""
    done = subprocess.run(
        [*command, "run_micropython.py", str(REPOSITORY / "shared"), str(path), *left_out],
        cwd=HERE,
        env={**os.environ, "MICROPYPATH": str(REPOSITORY / "boards" / "XTENSA" / "modules")} if left_out else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
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


def _judge(name: str, results: dict[str, str], output: str) -> None:
    if name not in results:
        pytest.fail(f"MicroPython did not get to {name}:\n{output}", pytrace=False)
    if results[name]:
        pytest.fail(results[name], pytrace=False)


@pytest.mark.parametrize(("path", "name"), list(_tests()))
def test_on_micropython(sim: tuple[str, ...], path: Path, name: str) -> None:
    _judge(name, *_run(sim, path))


@pytest.mark.timeout(XTENSA_TIMEOUT_S)
@pytest.mark.parametrize(("path", "name"), list(_tests(NOT_ON_XTENSA)))
def test_on_xtensa(on_xtensa, path: Path, name: str) -> None:
    _judge(name, *on_xtensa[path].result())
