#!/usr/bin/env python3
"""Prepare a fresh clone: system packages, virtual environment, locked dependencies, SIM build.

Runs on the system's own Python and needs nothing else. Each step is skipped when its inputs have not changed, so a
second run takes a fraction of a second. What is missing is installed where that is possible (root on Debian and its
kin), else named in one sentence with the command to run.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
BENCH_LOCK = ROOT / "requirements-bench.lock"  # the same, and what the benches compare with
OLDEST_PYTHON = (3, 11)


class SetupError(Exception):
    """Something this script cannot mend by itself; the message says what to do."""


def run(*command: object) -> None:
    result = subprocess.run([str(part) for part in command], cwd=ROOT)
    if result.returncode != 0:
        raise SetupError(f"`{' '.join(str(part) for part in command)}` failed with exit code {result.returncode}.")


def check_python() -> None:
    if sys.version_info < OLDEST_PYTHON:
        found, wanted = ".".join(map(str, sys.version_info[:2])), ".".join(map(str, OLDEST_PYTHON))
        raise SetupError(f"Python {wanted} or newer is needed, this is {found}: run `make PYTHON=python{wanted} ...`.")


def install_system_packages() -> None:
    """What pip cannot bring: the compiler for the SIM board, and Debian's split-off parts of Python."""
    from build import missing_packages  # stdlib only, like this script

    missing = list(missing_packages())
    if importlib.util.find_spec("ensurepip") is None:
        missing.append("python3-venv")
    if not missing:
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if shutil.which("apt-get") is None:
        raise SetupError(f"These are missing, by their Debian names: {' '.join(missing)}. Install them and run again.")
    if os.geteuid() != 0:
        raise SetupError(f"Some packages are missing: run `sudo {' '.join(command)}` and then this again.")
    print(f"setup: installing {' '.join(missing)}", flush=True)
    run("apt-get", "-q", "update")
    run(*command)


def digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def install_environment() -> None:
    stamp = VENV / "setup.stamp"
    wanted = digest(LOCK.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), os.fsencode(ROOT))
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("setup: virtual environment and locked dependencies", flush=True)
    run(sys.executable, "-m", "venv", "--clear", VENV)
    pip_install("--require-hashes", "-r", LOCK)
    pip_install("--no-build-isolation", "--no-deps", "--editable", ROOT)
    stamp.write_text(wanted)


def install_bench_extras() -> None:
    stamp = VENV / "bench.stamp"
    wanted = digest(BENCH_LOCK.read_bytes())
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("setup: what the benches compare with", flush=True)
    pip_install("--require-hashes", "-r", BENCH_LOCK)
    stamp.write_text(wanted)


def pip_install(*arguments: object) -> None:
    run(VENV / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check", "install", *arguments)


def build_sim() -> None:
    from build import ensure_sim

    ensure_sim()


def main() -> int:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        check_python()
        install_system_packages()
        install_environment()
        if "--bench" in sys.argv[1:]:
            install_bench_extras()
        build_sim()
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 2
    except Exception as error:
        # build.py's own error class; importing it at the top would hide a too old Python behind a syntax error.
        if type(error).__name__ != "BuildError":
            raise
        print(f"setup: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
