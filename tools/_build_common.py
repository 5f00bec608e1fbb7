"""What the build tools share: places, one error, one way to run a command."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
# Enough of a failed command's output to see its first error.
TAIL_LINES = 40


class BuildError(Exception):
    """The build cannot go on; the message is one sentence for the user, with the remedy if there is one."""


def run(command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> str:
    """Run a command quietly and return its output; BuildError with the end of it when it fails."""
    result = subprocess.run(
        command,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if result.returncode != 0:
        tail = "\n".join(result.stdout.splitlines()[-TAIL_LINES:])
        raise BuildError(f"{command[0]} failed ({result.returncode}):\n{tail}")
    return result.stdout


def make(source: Path, directory: str, *settings: str, env: Mapping[str, str] | None = None) -> None:
    """Run make in a folder of a source tree, with `env` on top of this process's environment."""
    if shutil.which("make") is None:
        raise BuildError("make is not installed; install it with: apt-get install make")
    jobs = f"-j{os.cpu_count() or 1}"
    # An outer make's flags (a jobserver, VARIANT=...) would leak into MicroPython's makefiles.
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    run(["make", jobs, "-C", str(source / directory), *settings], env={**environment, **(env or {})})


@contextmanager
def build_lock(name: str) -> Iterator[None]:
    """One build of a name at a time, across processes; the lock goes with its process."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
